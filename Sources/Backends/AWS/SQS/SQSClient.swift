import CurlHTTP

/// Calls SQS over one of its protocols.
package struct SQSClient: Sendable {
    private let client: AWSClient
    private let wireProtocol: SQSWireProtocol

    /// Makes a client.
    package init(client: AWSClient, wireProtocol: SQSWireProtocol) {
        self.client = client
        self.wireProtocol = wireProtocol
    }

    /// Sends a request.
    package func send(_ request: SQSRequest) async throws(AWSError) -> SQSAnswer {
        var call =
            switch wireProtocol {
            case .json: try SQSJSONProtocol.call(request)
            case .query: SQSQueryProtocol.call(request)
            }
        if case .receive(_, let receive) = request {
            // A long poll takes its time; ten messages of a mebibyte grow when they are escaped.
            let wait = Duration.seconds(receive.waitSeconds)
            call.attemptTimeout = wait + .seconds(5)
            call.timeout = wait + .seconds(10)
            call.maxResponseBytes = 32 << 20
        }
        let body = try await client.send(call).response.body
        return switch wireProtocol {
        case .json: try SQSJSONProtocol.answer(request, body)
        case .query: try SQSQueryProtocol.answer(request, body)
        }
    }
}
