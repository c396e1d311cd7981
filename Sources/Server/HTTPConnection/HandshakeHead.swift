import NIOCore
import NIOHTTP1

/// Recognises a WebSocket's opening request in the bytes with which a connection starts, in one pass.
///
/// It takes only what is beyond doubt: one complete `GET` of HTTP/1.1 with plain header fields, no body, and an
/// `Upgrade` field. Everything else, wrong or merely unusual, is left to the HTTP parser, which answers it.
enum HandshakeHead {
    /// More bytes are needed to say.
    case incomplete
    /// Not an opening request, or not a plain one.
    case other
    /// An opening request, and the number of bytes that it takes.
    case handshake(target: [UInt8], headers: HTTPHeaders, byteCount: Int)

    /// Looks at the bytes, which start where the connection starts.
    init(_ bytes: UnsafeRawBufferPointer) {
        let method: StaticString = "GET "
        guard HeadScanner.begins(bytes, with: method, orMay: true) else {
            self = .other
            return
        }
        guard var scanner = HeadScanner(bytes, methodBytes: method.utf8CodeUnitCount) else {
            self = .incomplete
            return
        }
        guard let target = scanner.takeTarget() else {
            self = .other
            return
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(16)
        while !scanner.isAtEnd {
            guard let (name, value) = scanner.takeField() else {
                self = .other
                return
            }
            headers.add(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
        }
        let isHandshake =
            headers.contains(name: "upgrade") && !headers.contains(name: "content-length")
            && !headers.contains(name: "transfer-encoding") && headers.contains(name: "host")
        self =
            isHandshake
            ? .handshake(target: Array(target), headers: headers, byteCount: scanner.byteCount) : .other
    }
}
