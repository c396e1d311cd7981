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
    case handshake(uri: String, headers: HTTPHeaders, byteCount: Int)

    /// Looks at the bytes, which start where the connection starts.
    init(_ bytes: UnsafeRawBufferPointer) {
        let method = "GET ".utf8
        guard bytes.prefix(method.count).elementsEqual(method.prefix(bytes.count)) else {
            self = .other
            return
        }
        guard let end = Self.endOfHead(in: bytes) else {
            self = .incomplete
            return
        }
        var scanner = Scanner(bytes: bytes, offset: method.count, end: end)
        guard let uri = scanner.takeTarget() else {
            self = .other
            return
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(16)
        while scanner.offset < end {
            guard let (name, value) = scanner.takeField() else {
                self = .other
                return
            }
            headers.add(name: name, value: value)
        }
        let isHandshake =
            headers.contains(name: "upgrade") && !headers.contains(name: "content-length")
            && !headers.contains(name: "transfer-encoding") && headers.contains(name: "host")
        self = isHandshake ? .handshake(uri: uri, headers: headers, byteCount: end + 2) : .other
    }

    /// The offset of the empty line that ends the head.
    private static func endOfHead(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            // Three of four bytes are skipped where the byte looked at is in no line end.
            switch bytes[index] {
            case UInt8(ascii: "\n"):
                if bytes[index - 1] == UInt8(ascii: "\r"), bytes[index - 2] == UInt8(ascii: "\n"),
                    bytes[index - 3] == UInt8(ascii: "\r")
                {
                    return index - 1
                }
                index += 2
            case UInt8(ascii: "\r"): index += 1
            default: index += 4
            }
        }
        return nil
    }

    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var offset: Int
        /// The offset of the empty line.
        let end: Int

        /// `/path?query HTTP/1.1`, up to the line's end.
        mutating func takeTarget() -> String? {
            let start = offset
            guard bytes[start] == UInt8(ascii: "/") else { return nil }
            while offset < end, bytes[offset] > 0x20, bytes[offset] < 0x7f { offset += 1 }
            let target = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
            let version = " HTTP/1.1\r\n".utf8
            guard offset + version.count <= end, bytes[offset...].starts(with: version) else { return nil }
            offset += version.count
            return String(decoding: target, as: UTF8.self)
        }

        /// `Name: value` (RFC 9112 §5), without line folding.
        mutating func takeField() -> (String, String)? {
            let nameStart = offset
            while offset < end, Self.isToken(bytes[offset]) { offset += 1 }
            let name = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<offset])
            guard !name.isEmpty, offset < end, bytes[offset] == UInt8(ascii: ":") else { return nil }
            offset += 1
            while offset < end, Self.isBlank(bytes[offset]) { offset += 1 }
            let valueStart = offset
            while offset < end, bytes[offset] >= 0x20 || bytes[offset] == 0x09, bytes[offset] != 0x7f { offset += 1 }
            guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\r"), bytes[offset + 1] == UInt8(ascii: "\n")
            else { return nil }
            var valueEnd = offset
            while valueEnd > valueStart, Self.isBlank(bytes[valueEnd - 1]) { valueEnd -= 1 }
            offset += 2
            let value = UnsafeRawBufferPointer(rebasing: bytes[valueStart..<valueEnd])
            return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
        }

        private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        /// RFC 9110 §5.6.2, the characters that field names have in practice.
        private static func isToken(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
