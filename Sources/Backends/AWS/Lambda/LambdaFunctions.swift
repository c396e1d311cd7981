import CurlHTTP
package import ServerCore
import Synchronization

/// Invokes Lambda functions asynchronously (AWS Lambda API, `Invoke` with the type `Event`).
///
/// One client for each region, made when it is first needed.
package final class LambdaFunctions: LambdaInvoker {
    private let backend: AWSBackend
    private let configuration: AWSConfiguration
    private let clients = Mutex<[String: AWSClient]>([:])

    /// Makes an invoker; the configuration's region does not count, each function has its own.
    package init(backend: AWSBackend, configuration: AWSConfiguration) {
        self.backend = backend
        self.configuration = configuration
    }

    package func invoke(
        _ function: LambdaFunction,
        payload: [UInt8],
        timeout: Duration
    ) async throws(BackendError) {
        let client = try client(function.region)
        var call = AWSCall(
            operation: "Invoke",
            path: "/2015-03-31/functions/\(URIEscaping.encode(function.name))/invocations",
            headers: [HTTPField("Content-Type", "application/json"), HTTPField("X-Amz-Invocation-Type", "Event")],
            body: payload
        )
        call.timeout = timeout
        do throws(AWSError) {
            _ = try await client.send(call)
        } catch {
            throw error.backendError("Lambda, \(function.name)")
        }
    }

    private func client(_ region: String) throws(BackendError) -> AWSClient {
        if let client = clients.withLock({ $0[region] }) { return client }
        var configuration = configuration
        configuration.region = region
        let client = try backend.client(of: .lambda, configuration)
        return clients.withLock { clients in
            // Somebody else may have been faster; the credentials of one client are enough.
            let kept = clients[region] ?? client
            clients[region] = kept
            return kept
        }
    }
}
