/// What went wrong in a store, queue, cache or limiter.
package struct BackendError: Error, CustomStringConvertible {
    package var code: Code
    /// What was tried, on which subject, and the remedy where there is one; never a secret.
    package var message: String
    /// The error that caused this one.
    package var underlying: (any Error)?
    package var file: String
    package var line: Int

    /// Makes an error that remembers where it was made.
    package init(
        _ code: Code,
        _ message: String,
        underlying: (any Error)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    package var description: String {
        let cause = underlying.map { " (\($0))" } ?? ""
        return "\(code.rawValue): \(message)\(cause)"
    }

    /// The kinds of failure that callers tell apart.
    package enum Code: String, Sendable {
        /// The backend cannot be reached or does not answer in time; trying later may help.
        case unavailable
        /// The backend is over its capacity or throttles; trying later may help.
        case capacityExceeded = "capacity_exceeded"
        /// The thing exists already or has changed meanwhile.
        case conflict
        /// The backend refuses the request, its credentials or its values; trying again does not help.
        case rejected
        /// The backend's answer or stored value cannot be understood.
        case malformed
        /// The backend is shutting down.
        case closed
    }
}
