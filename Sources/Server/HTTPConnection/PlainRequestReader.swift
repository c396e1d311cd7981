import NIOCore

/// Takes requests apart as long as they are plain; the first that is not, it leaves to the HTTP parser, and with it all
/// that comes behind.
///
/// A pure state machine: it is told what came in and says what that is.
struct PlainRequestReader {
    /// What the bytes at hand are.
    enum Step {
        case part(RequestPart)
        /// Nothing more can be said without more bytes.
        case needsMore
        /// These bytes, and all that follow, are for the parser.
        case leaves(ByteBuffer)
    }

    private let maxHeadBytes: Int
    private var bytes = ByteBuffer()
    /// What is missing of the body; `nil` between requests.
    private var bodyLeft: Int?

    /// Makes a reader that leaves longer heads to the parser, which has its own limit.
    init(maxHeadBytes: Int) {
        self.maxHeadBytes = maxHeadBytes
    }

    /// A request's head has begun and not ended.
    var isInHead: Bool { bodyLeft == nil && bytes.readableBytes > 0 }

    /// Takes bytes in.
    mutating func receive(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.writeImmutableBuffer(more)
        }
    }

    /// The next part of a request; call until it is something else.
    mutating func next() -> Step {
        if let left = bodyLeft { return nextOfBody(left) }
        guard bytes.readableBytes > 0 else {
            bytes = ByteBuffer()
            return .needsMore
        }
        switch bytes.withUnsafeReadableBytes(PlainRequestHead.init) {
        case .incomplete where bytes.readableBytes < maxHeadBytes: return .needsMore
        case .plain(let head, let byteCount) where byteCount <= maxHeadBytes:
            bytes.moveReaderIndex(forwardBy: byteCount)
            bodyLeft = head.contentLength ?? 0
            return .part(.head(head))
        case .incomplete, .plain, .other:
            defer { bytes = ByteBuffer() }
            return .leaves(bytes)
        }
    }

    private mutating func nextOfBody(_ left: Int) -> Step {
        guard left > 0 else {
            bodyLeft = nil
            return .part(.end)
        }
        guard let piece = bytes.readSlice(length: min(left, bytes.readableBytes)), piece.readableBytes > 0 else {
            bytes = ByteBuffer()
            return .needsMore
        }
        bodyLeft = left - piece.readableBytes
        return .part(.body(piece))
    }
}
