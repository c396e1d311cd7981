/// Sends HTTP requests to other servers.
///
/// Contract: any status is a response, not an error; redirects are not followed; header fields go out exactly as
/// given, in their order, and nothing is added but `Host` and the framing of the body. When the calling task is
/// cancelled, the transfer is given up and `.cancelled` is thrown. Implementations are safe to call from any task.
package protocol HTTPTransport: Sendable {
    /// Sends one request and returns the whole response.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}
