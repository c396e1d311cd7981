import NIOCore
package import NIOHTTP1

/// The head of a request, with what its connection needs to know of its fields.
///
/// A class, because every step of a request's way takes it and copying a structure would count each of its references.
package final class RequestHead: Sendable {
    package let method: HTTPMethod
    /// The target as it was sent.
    package let target: [UInt8]
    package let headers: HTTPHeaders
    let contentLength: Int?
    let marks: Marks
    /// How the connection goes on.
    let course: Course

    /// Rare fields that may be there; without the mark nobody need look for them.
    struct Marks: OptionSet, Sendable {
        let rawValue: UInt8

        static let origin = Marks(rawValue: 1)
        static let idempotencyKey = Marks(rawValue: 2)
        static let all: Marks = [.origin, .idempotencyKey]
    }

    /// What a head says about its connection.
    struct Course: Sendable {
        var isKeptAlive = true
        /// The request asks for another protocol.
        var asksForUpgrade = false
        /// What the client waits for before it sends the body (RFC 9110 §10.1.1).
        var expectation: String?
        var isHTTP11 = true
        /// The end of the body is given in two ways, which is how requests are smuggled past a proxy (RFC 9112 §6.1).
        var isAmbiguous = false
    }

    init(
        method: HTTPMethod,
        target: [UInt8],
        headers: HTTPHeaders,
        contentLength: Int? = nil,
        marks: Marks = .all,
        course: Course = Course()
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.contentLength = contentLength
        self.marks = marks
        self.course = course
    }
}

extension RequestHead {
    /// Takes what the HTTP parser has read.
    convenience init(_ head: HTTPRequestHead) {
        let length = head.headers.first(name: "content-length")
        self.init(
            method: head.method,
            target: Array(head.uri.utf8),
            headers: head.headers,
            contentLength: length.flatMap { Int($0) },
            course: Course(
                isKeptAlive: head.isKeepAlive,
                asksForUpgrade: head.headers.contains(name: "upgrade"),
                expectation: head.headers.first(name: "expect"),
                isHTTP11: head.version == .http1_1,
                isAmbiguous: length != nil && head.headers.contains(name: "transfer-encoding")
            )
        )
    }
}

/// A piece of a request, in the order in which they come.
enum RequestPart {
    case head(RequestHead)
    case body(ByteBuffer)
    case end

    /// Takes what the HTTP parser has read.
    init(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): self = .head(RequestHead(head))
        case .body(let bytes): self = .body(bytes)
        case .end: self = .end
        }
    }
}
