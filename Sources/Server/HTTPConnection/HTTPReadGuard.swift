import NIOCore

/// Stands before the HTTP parser: takes plain requests past it, and counts the bytes of the other heads, because the
/// parser has no limit of its own that suits us.
///
/// Threading: its channel's event loop only.
final class HTTPReadGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The head of a request is longer than the limit.
    struct HeadTooLarge: Error {}

    private let maxHeaderBytes: Int
    private var headBytes = 0
    private var hasFailed = false
    /// Reads plain requests for `connection`; `nil` once the parser has taken over.
    private var plain: PlainRequestReader?
    /// Who is handed the requests; unset by its owner, because it holds this in turn.
    var connection: HTTPConnection?
    /// The parser is between the start of a request and the end of its head.
    var isReadingHead = true {
        didSet { headBytes = 0 }
    }

    /// Makes a guard; without `readsPlainRequests` the parser gets everything.
    init(maxHeaderBytes: Int, readsPlainRequests: Bool = false) {
        self.maxHeaderBytes = maxHeaderBytes
        plain = readsPlainRequests ? PlainRequestReader(maxHeadBytes: min(maxHeaderBytes, 8192)) : nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        let bytes = unwrapInboundIn(data)
        guard plain != nil, let connection else {
            parse(bytes, context)
            return
        }
        plain?.receive(bytes)
        while let step = plain?.next() {
            switch step {
            case .part(let part): connection.receive(part)
            case .needsMore:
                if plain?.isInHead == true { connection.receivedHeadBytes() }
                return
            case .leaves(let rest):
                plain = nil
                parse(rest, context)
            }
        }
    }

    private func parse(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if isReadingHead {
            headBytes += bytes.readableBytes
            connection?.receivedHeadBytes()
        }
        context.fireChannelRead(wrapInboundOut(bytes))
        // After the parser: what it took for the head of this request has been counted off by now.
        guard isReadingHead, headBytes > maxHeaderBytes else { return }
        hasFailed = true
        context.fireErrorCaught(HeadTooLarge())
    }
}
