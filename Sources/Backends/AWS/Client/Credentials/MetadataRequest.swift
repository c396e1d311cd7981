import CurlHTTP

/// Asks one of the endpoints on the own host or task, which have no signatures and small answers.
struct MetadataRequest: Sendable {
    let transport: any HTTPTransport
    let environment: AWSEnvironment
    var timeout: Duration
    var maxAttempts = 3

    /// Sends a request, again after a broken connection or a status from 500; other answers are returned as they are.
    func send(
        _ url: String,
        method: String = "GET",
        headers: [HTTPField] = []
    ) async throws(HTTPTransportError) -> HTTPResponse {
        var request = HTTPRequest(method: method, url: url, headers: headers)
        request.timeout = timeout
        request.maxResponseBytes = 64 << 10
        var attempt = 1
        while true {
            let result: Result<HTTPResponse, HTTPTransportError>
            do throws(HTTPTransportError) {
                result = .success(try await transport.send(request))
            } catch {
                result = .failure(error)
            }
            guard attempt < maxAttempts, Self.isWorthAnother(result) else { return try result.get() }
            do {
                try await environment.sleep(.milliseconds(Int(100 * Double(attempt) * environment.jitter())))
            } catch {
                throw HTTPTransportError(.cancelled, "the task was cancelled")
            }
            attempt += 1
        }
    }

    private static func isWorthAnother(_ result: Result<HTTPResponse, HTTPTransportError>) -> Bool {
        switch result {
        case .success(let response): response.status >= 500
        case .failure(let error): [.connect, .timeout, .reset, .malformedResponse].contains(error.code)
        }
    }
}
