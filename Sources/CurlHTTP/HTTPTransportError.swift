/// Why there is no response.
package struct HTTPTransportError: Error, CustomStringConvertible {
    package var code: Code
    /// What happened, in the library's words where it has some; never a body or a header value.
    package var message: String
    /// The status of a response that was refused for its size.
    package var status: Int?

    /// Makes an error.
    package init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    package var description: String {
        "\(code.rawValue): \(message)"
    }

    /// The kinds of failure that callers tell apart.
    package enum Code: String, Sendable, CaseIterable {
        /// The URL, method or a header field is not valid or not allowed; trying again does not help.
        case invalidRequest = "invalid_request"
        /// The host name has no address.
        case dns
        /// No connection could be made.
        case connect
        /// The TLS handshake or the check of the certificate failed.
        case tls
        /// The time was over, in whatever phase.
        case timeout
        /// The connection broke before the response was complete.
        case reset
        /// The peer does not speak HTTP/1.1.
        case malformedResponse = "malformed_response"
        /// The body is larger than the request accepts, or the header than any response may have.
        case responseTooLarge = "response_too_large"
        /// The calling task was cancelled.
        case cancelled
        /// Too many requests are waiting already.
        case queueFull = "queue_full"
        /// The client was shut down.
        case closed
        /// The library failed for another reason, such as memory.
        case failed
    }
}
