package import NIOCore
package import NIOHTTP1

/// A complete HTTP request.
package struct HTTPServerRequest: Sendable {
    package var method: HTTPMethod
    /// The target as it was sent.
    package var uri: String
    package var headers: HTTPHeaders
    package var body: ByteBuffer
    /// The address of the TCP peer, or of the client that a PROXY header named; `unknown` on a Unix socket.
    package var peerAddress: String

    /// Makes a request.
    package init(method: HTTPMethod, uri: String, headers: HTTPHeaders, body: ByteBuffer, peerAddress: String) {
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
        self.peerAddress = peerAddress
    }
}
