import CurlHTTP
import FoundationEssentials

/// Calls DynamoDB (API version 2012-08-10, JSON 1.0).
package struct DynamoDBClient: Sendable {
    private let client: AWSClient

    /// Makes a client.
    package init(client: AWSClient) {
        self.client = client
    }

    /// Sends an operation and reads its answer.
    func send<Output: Decodable>(
        _ operation: String,
        _ input: some Encodable,
        as output: Output.Type = Output.self
    ) async throws(AWSError) -> (output: Output, attempts: Int) {
        let body: [UInt8]
        do {
            body = Array(try JSONEncoder().encode(input))
        } catch {
            throw AWSError(.refused, "\(operation) cannot be written as JSON", underlying: error)
        }
        let reply = try await client.send(AWSCall(jsonTarget: "DynamoDB_20120810", operation: operation, body: body))
        do {
            return (try JSONDecoder().decode(Output.self, from: Data(reply.response.body)), reply.attempts)
        } catch {
            throw AWSError(.malformed, "the answer to \(operation) cannot be read")
        }
    }
}
