import CurlHTTP

extension HTTPTransport {
    /// Sends a request and says how it failed, or `nil` if it did not.
    func failure(of request: HTTPRequest) async -> HTTPTransportError.Code? {
        do throws(HTTPTransportError) {
            _ = try await send(request)
            return nil
        } catch {
            return error.code
        }
    }
}
