package import NIOCore
package import NIOHTTP1

/// A complete HTTP request.
///
/// A class, because every step of its way takes it and copying a structure would count each of its references.
package final class HTTPServerRequest: Sendable {
    package let head: RequestHead
    package let body: ByteBuffer
    /// The address of the TCP peer, or of the client that a PROXY header named; `unknown` on a Unix socket.
    package let peerAddress: String

    /// Makes a request.
    package init(_ head: RequestHead, body: ByteBuffer, peerAddress: String) {
        self.head = head
        self.body = body
        self.peerAddress = peerAddress
    }

    package var method: HTTPMethod { head.method }
    package var headers: HTTPHeaders { head.headers }
}
