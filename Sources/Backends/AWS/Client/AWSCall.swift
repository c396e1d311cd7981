package import CurlHTTP

/// One call to a service, before it is signed.
package struct AWSCall: Sendable, Equatable {
    /// The operation's name, for messages.
    package var operation: String
    package var method = "POST"
    package var path = "/"
    package var headers: [HTTPField]
    package var body: [UInt8]
    /// The time for one attempt; `nil` takes the client's.
    package var attemptTimeout: Duration?
    /// The time for all attempts and the pauses between them; `nil` takes the client's.
    package var timeout: Duration?
    /// The largest answer that is accepted.
    package var maxResponseBytes = 16 << 20

    /// Makes a call.
    package init(operation: String, path: String = "/", headers: [HTTPField] = [], body: [UInt8] = []) {
        self.operation = operation
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// Makes a call of the JSON 1.0 protocol, whose target is `prefix.operation`.
    package init(jsonTarget prefix: String, operation: String, body: [UInt8]) {
        self.init(
            operation: operation,
            headers: [
                HTTPField("Content-Type", "application/x-amz-json-1.0"),
                HTTPField("X-Amz-Target", "\(prefix).\(operation)"),
            ],
            body: body
        )
    }
}

/// The answer to a call.
package struct AWSReply: Sendable, Equatable {
    /// Has a status from 200 to 299.
    package var response: HTTPResponse
    /// How often the request was sent; more than once, and an earlier one may have been carried out too.
    package var attempts: Int
}
