import NIOCore
import NIOHTTP1
import NIOPosix
import PusherProtocol

/// A WebSocket server that says back what it hears, through the codec of the real one; it exists for its conformance
/// tests alone. usage: martlet-echo PORT
@main
enum EchoServer {
    static func main() async throws {
        guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
            print("usage: martlet-echo PORT")
            return
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    )
                    try pipeline.addHandler(EchoUpgrade())
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await server.closeFuture.get()
    }
}

/// Accepts the opening handshake.
private final class EchoUpgrade: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private var key = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): key = head.headers.first(name: "sec-websocket-key") ?? ""
        case .body: break
        case .end: upgrade(context)
        }
    }

    private func upgrade(_ context: ChannelHandlerContext) {
        let answer = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(WebSocketHandshake.accept(forKey: key))\r
            \r

            """
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(EchoConnection())
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            pipeline.removeHandler(self, promise: nil)
            pipeline.removeHandler(context: decoder, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}

/// Echoes messages, answers pings and closes.
private final class EchoConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    // Autobahn's largest messages have 16 MiB.
    private var decoder = WebSocketDecoder(maxMessageBytes: 64 << 20)
    private var scratch = ByteBuffer()
    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        decoder.receive(unwrapInboundIn(data))
        do {
            while !isClosing, let message = try decoder.next(scratch: &scratch) {
                answer(message, context)
            }
        } catch {
            close(code: error.closeCode, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    private func answer(_ message: WebSocketMessage, _ context: ChannelHandlerContext) {
        var frame = ByteBuffer()
        switch message {
        case .text: WebSocketFrame.write(.text, payload: scratch.readableBytesView, to: &frame)
        case .binary: WebSocketFrame.write(.binary, payload: scratch.readableBytesView, to: &frame)
        case .ping: WebSocketFrame.write(.pong, payload: scratch.readableBytesView, to: &frame)
        case .pong: return
        case .close(let code):
            close(code: code ?? 1000, context)
            return
        }
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    private func close(code: UInt16, _ context: ChannelHandlerContext) {
        isClosing = true
        var frame = ByteBuffer()
        WebSocketFrame.writeClose(code: code, reason: "", to: &frame)
        let closing = context.writeAndFlush(wrapOutboundOut(frame))
        closing.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
