import NIOCore
import NIOHTTP1

/// Recognises the head of a request as nearly every server-side library sends it, in one pass.
///
/// It takes only what is beyond doubt: `GET` or `POST` of HTTP/1.1 with plain header fields and at most one
/// `Content-Length`, and nothing that changes how the connection goes on. Everything else, wrong or merely unusual, is
/// left to the HTTP parser.
enum PlainRequestHead {
    /// More bytes are needed to say.
    case incomplete
    /// Not a plain request.
    case other
    /// A request, and the number of bytes that its head takes.
    case plain(RequestHead, byteCount: Int)

    /// Looks at the bytes, which start where a request starts.
    init(_ bytes: UnsafeRawBufferPointer) {
        let method: HTTPMethod
        let methodBytes: Int
        if HeadScanner.begins(bytes, with: "POST ", orMay: true) {
            (method, methodBytes) = (.POST, 5)
        } else if HeadScanner.begins(bytes, with: "GET ", orMay: true) {
            (method, methodBytes) = (.GET, 4)
        } else {
            self = .other
            return
        }
        guard var scanner = HeadScanner(bytes, methodBytes: methodBytes) else {
            self = .incomplete
            return
        }
        guard let target = scanner.takeTarget() else {
            self = .other
            return
        }
        var fields = Fields()
        guard fields.read(&scanner) else {
            self = .other
            return
        }
        let head = RequestHead(
            method: method,
            target: Array(target),
            headers: HTTPHeaders(fields.list),
            contentLength: fields.contentLength,
            marks: fields.marks
        )
        self = .plain(head, byteCount: scanner.byteCount)
    }

    /// The fields as they are read.
    private struct Fields {
        var list: [(String, String)] = []
        var contentLength: Int?
        var marks: RequestHead.Marks = []

        /// More are left to the parser and its limit.
        private static let limit = 64

        /// Reads all; false where one of them is not for us.
        mutating func read(_ scanner: inout HeadScanner) -> Bool {
            list.reserveCapacity(8)
            while !scanner.isAtEnd {
                guard let (name, value) = scanner.takeField(), list.count < Self.limit, accept(name, value) else {
                    return false
                }
                list.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            }
            return true
        }

        private mutating func accept(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
            switch name.count {
            case 6:
                if HeadScanner.equals(name, "origin") { marks.insert(.origin) }
                return !HeadScanner.equals(name, "expect")
            case 7: return !HeadScanner.equals(name, "upgrade")
            case 10: return !HeadScanner.equals(name, "connection") || HeadScanner.equals(value, "keep-alive")
            case 14 where HeadScanner.equals(name, "content-length"): return readLength(value)
            case 16: return !HeadScanner.equals(name, "proxy-connection")
            case 17:
                if HeadScanner.equals(name, "x-idempotency-key") { marks.insert(.idempotencyKey) }
                return !HeadScanner.equals(name, "transfer-encoding")
            default: return true
            }
        }

        private mutating func readLength(_ digits: UnsafeRawBufferPointer) -> Bool {
            // Nine digits are a gigabyte; whatever is longer the parser refuses.
            guard contentLength == nil, !digits.isEmpty, digits.count <= 9 else { return false }
            var length = 0
            for digit in digits {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return false }
                length = length * 10 + Int(digit - UInt8(ascii: "0"))
            }
            contentLength = length
            return true
        }
    }
}
