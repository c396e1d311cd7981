import NIOCore

/// The protocol on a connection that subscribes: what the server sends is handed on as it comes.
///
/// It stands before the handler that greeted the server, which gets nothing from then on. Threading: the channel's loop.
final class RedisSubscriberHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Gets what the server sends, on the loop.
    struct Callbacks {
        var push: (RedisPush) -> Void
        /// Everything that was there is handed on.
        var pause: () -> Void
    }

    private let callbacks: Callbacks
    private var reader = RedisPushReader()
    private var context: ChannelHandlerContext?
    /// How often bytes came.
    private(set) var reads = 0

    init(_ callbacks: Callbacks) {
        self.callbacks = callbacks
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Sends commands.
    func send(_ bytes: ByteBuffer) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reads &+= 1
        reader.feed(unwrapInboundIn(data))
        do throws(RedisError) {
            while let push = try reader.next() {
                callbacks.push(push)
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        callbacks.pause()
    }
}
