import NIOCore

/// Counts the bytes of a request's head before they reach the parser, which has no limit of its own that suits us.
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
    /// The parser is between the start of a request and the end of its head.
    var isReadingHead = true {
        didSet { headBytes = 0 }
    }

    /// Called when bytes of a head have come, before they are parsed.
    var onHeadBytes: (() -> Void)?

    init(maxHeaderBytes: Int) {
        self.maxHeaderBytes = maxHeaderBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        let bytes = unwrapInboundIn(data)
        if isReadingHead {
            headBytes += bytes.readableBytes
            onHeadBytes?()
        }
        context.fireChannelRead(data)
        // After the parser: what it took for the head of this request has been counted off by now.
        guard isReadingHead, headBytes > maxHeaderBytes else { return }
        hasFailed = true
        context.fireErrorCaught(HeadTooLarge())
    }
}
