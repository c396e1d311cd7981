import CurlHTTP
package import ServerCore

/// Why a call to AWS has no result.
package struct AWSError: Error, Sendable, CustomStringConvertible {
    package var kind: Kind
    /// What was tried and what was answered; never a secret or a payload.
    package var message: String
    /// The service's own name of the error without its namespace, such as `ConditionalCheckFailedException`.
    package var serviceCode: String?
    /// The older name that SQS sends beside it, without the prefix `AWS.SimpleQueueService.`.
    package var queryCode: String?
    package var httpStatus: Int?
    package var requestID: String?
    /// How often the request was sent.
    package var attempts = 0
    package var underlying: (any Error)?

    /// Makes an error.
    package init(_ kind: Kind, _ message: String, underlying: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.underlying = underlying
    }

    /// The kinds of failure that callers tell apart.
    package enum Kind: String, Sendable, CaseIterable {
        /// There are no credentials.
        case credentials
        /// The service could not be reached, or not in time.
        case transport
        /// The service asks to slow down.
        case throttled
        /// The service failed.
        case unavailable
        /// The service does not accept the key, its token or its signature, or its policy.
        case denied
        /// The service refuses the request for another reason.
        case refused
        /// The answer cannot be understood or is too large.
        case malformed
        /// The calling task was cancelled.
        case cancelled
        /// The client was shut down.
        case closed
    }

    /// Says whether the service gave the error one of its names.
    package func isNamed(_ names: String...) -> Bool {
        names.contains { $0 == serviceCode || $0 == queryCode }
    }

    /// Whether sending the same request again cannot help.
    var isPermanent: Bool {
        guard let failure = underlying as? HTTPTransportError else { return false }
        return failure.code == .tls || failure.code == .failed
    }

    package var description: String {
        var details: [String] = []
        if let httpStatus { details.append("status \(httpStatus)") }
        if let requestID { details.append("request \(requestID)") }
        if attempts > 1 { details.append("\(attempts) attempts") }
        let name = serviceCode.map { "\($0): " } ?? ""
        let cause = underlying.map { ": \($0)" } ?? ""
        return name + message + cause + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
    }

    /// The error as the ports tell it.
    package func backendError(_ subject: String) -> BackendError {
        BackendError(backendCode, "\(subject): \(self)")
    }

    private var backendCode: BackendError.Code {
        switch kind {
        // Where credentials come from may answer the next time; a start without any fails all the same.
        case .transport, .unavailable, .cancelled, .credentials: .unavailable
        case .throttled: .capacityExceeded
        case .denied, .refused: .rejected
        case .malformed: .malformed
        case .closed: .closed
        }
    }
}
