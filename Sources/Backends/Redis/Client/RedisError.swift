package import ServerCore

/// What went wrong between this process and a Redis server.
package struct RedisError: Error, CustomStringConvertible {
    package var code: Code
    /// What was tried, where, and what Redis said; never a secret or a payload.
    package var message: String
    /// The error that caused this one.
    package var underlying: (any Error)?

    /// Makes an error.
    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// What commands get after the client was closed.
    static let clientClosed = RedisError(.closed, "the client was closed")

    package var description: String {
        let cause = underlying.map { " (\($0))" } ?? ""
        return "\(code.rawValue): \(message)\(cause)"
    }

    /// The kinds of failure that callers tell apart.
    package enum Code: String, Sendable {
        /// No connection could be made; nothing was sent.
        case unreachable
        /// The connection was closed before the command was sent.
        case notSent = "not_sent"
        /// The connection ended before the reply came; the command may have been done.
        case connectionLost = "connection_lost"
        /// No reply came in time; the command may have been done.
        case timedOut = "timed_out"
        /// The caller was cancelled; the command may have been done.
        case cancelled
        /// Too much is under way already; nothing was sent.
        case overloaded
        /// Redis answered with an error that trying again does not change.
        case refused
        /// Redis answered that it cannot serve the command now; nothing was done.
        case notServing = "not_serving"
        /// The server does not know a script by its digest.
        case unknownScript = "unknown_script"
        /// Redis is out of memory.
        case outOfMemory = "out_of_memory"
        /// What came is not what was expected.
        case malformed
        /// The client was closed.
        case closed
    }

    /// Whether the command was certainly not done, so that trying it again cannot do it twice.
    var isCertainlyUndone: Bool {
        switch code {
        case .unreachable, .notSent, .notServing: true
        case .connectionLost, .timedOut, .cancelled, .overloaded, .refused, .unknownScript, .outOfMemory,
            .malformed, .closed:
            false
        }
    }

    /// The same failure as the ports know it.
    package var backendError: BackendError {
        let code: BackendError.Code =
            switch code {
            case .unreachable, .notSent, .connectionLost, .timedOut, .cancelled, .notServing: .unavailable
            case .overloaded, .outOfMemory: .capacityExceeded
            case .refused, .unknownScript: .rejected
            case .malformed: .malformed
            case .closed: .closed
            }
        return BackendError(code, "redis: \(message)", underlying: underlying)
    }
}
