package import NIOCore
package import NIOHTTP1

/// A complete HTTP request.
///
/// A class, because every step of its way takes it and copying a structure would count each of its references.
package final class HTTPServerRequest: Sendable {
    package let method: HTTPMethod
    /// The target as it was sent.
    package let uri: String
    package let headers: HTTPHeaders
    package let body: ByteBuffer
    /// The address of the TCP peer, or of the client that a PROXY header named; `unknown` on a Unix socket.
    package let peerAddress: String

    /// Makes a request.
    package init(method: HTTPMethod, uri: String, headers: HTTPHeaders, body: ByteBuffer, peerAddress: String) {
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
        self.peerAddress = peerAddress
    }
}
