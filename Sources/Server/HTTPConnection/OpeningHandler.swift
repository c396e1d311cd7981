import ChannelHub
import NIOCore
import NIOHTTP1

/// Meets a new connection: a plain WebSocket handshake is answered here and now, anything else gets the HTTP handlers.
///
/// Most connections of this server are WebSockets that say one request in their life, and for them building an HTTP
/// parser costs more than the handshake itself. Threading: its channel's event loop only.
final class OpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let services: ServerServices
    private let loop: LoopServices
    private let isTLS: Bool
    /// The client's address as the transport knows it.
    var peerAddress: String
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDeciding = false

    /// A head that is longer is left to the HTTP parser and its limit.
    private static let maxHeadBytes = 4096

    init(services: ServerServices, loop: LoopServices, isTLS: Bool, peerAddress: String) {
        self.services = services
        self.loop = loop
        self.isTLS = isTLS
        self.peerAddress = peerAddress
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let timeout = services.configuration.listener.limits.headerTimeout.timeAmount
        let pipeline = context.pipeline
        timer = loop.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let self, !self.isDeciding else { return }
            self.answerTimeout(pipeline)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.writeImmutableBuffer(bytes)
        }
        guard !isDeciding else { return }
        switch received.withUnsafeReadableBytes(HandshakeHead.init) {
        case .incomplete where received.readableBytes < Self.maxHeadBytes: return
        case .incomplete, .other: becomeHTTP(context)
        case .handshake(let target, let headers, let byteCount):
            let head = RequestHead(method: .GET, target: target, headers: headers)
            let request = HTTPServerRequest(head, body: ByteBuffer(), peerAddress: peerAddress)
            accept(request, byteCount: byteCount, context)
        }
    }

    private func accept(_ request: HTTPServerRequest, byteCount: Int, _ context: ChannelHandlerContext) {
        guard WebSocketUpgrade.isRequested(by: request),
            case .accepted(let upgrade) = WebSocketUpgrade(request, services: services)
        else {
            becomeHTTP(context)
            return
        }
        isDeciding = true
        let responder = HTTPResponder(services: services, loop: loop)
        responder.limitConnects(from: upgrade.connection.clientAddress) { refusal in
            guard context.channel.isActive else { return }
            if let refusal {
                self.refuse(refusal, context)
            } else {
                self.received.moveReaderIndex(forwardBy: byteCount)
                self.becomeWebSocket(upgrade, context)
            }
        }
    }

    private func becomeWebSocket(_ upgrade: WebSocketUpgrade.Acceptance, _ context: ChannelHandlerContext) {
        let connection = RealtimeConnection(
            services: services,
            loop: loop,
            opening: RealtimeConnection.Opening(request: upgrade.connection, response: upgrade.response),
            sendsDirectly: !isTLS && services.configuration.webSocket.sendsDirectly
        )
        replace(context) { try $0.addHandler(connection) }
    }

    private func becomeHTTP(_ context: ChannelHandlerContext) {
        isDeciding = true
        replace(context) { pipeline in
            let readGuard = HTTPReadGuard(
                maxHeaderBytes: services.configuration.listener.limits.maxHeaderBytes,
                readsPlainRequests: true
            )
            try pipeline.addHandler(readGuard)
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
            try pipeline.addHandler(
                HTTPConnection(
                    services: services,
                    loop: loop,
                    readGuard: readGuard,
                    isTLS: isTLS,
                    peerAddress: peerAddress
                )
            )
        }
    }

    /// Puts the next handlers in place, hands them what has come, and leaves.
    private func replace(
        _ context: ChannelHandlerContext,
        with addHandlers: (ChannelPipeline.SynchronousOperations) throws -> Void
    ) {
        do {
            try addHandlers(context.pipeline.syncOperations)
        } catch {
            context.close(promise: nil)
            return
        }
        let rest = received
        received = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func refuse(_ reply: HTTPReply, _ context: ChannelHandlerContext) {
        services.metrics.responded(status: reply.status.code)
        let response = reply.encode(isKeptAlive: false, omitsBody: false, date: loop.date)
        context.writeAndFlush(wrapOutboundOut(response), promise: nil)
        context.close(mode: .output, promise: nil)
    }

    private func answerTimeout(_ pipeline: ChannelPipeline) {
        do {
            let context = try pipeline.syncOperations.context(handler: self)
            isDeciding = true
            refuse(HTTPFailure(.requestTimeout, "The request did not come in time").reply, context)
            context.close(promise: nil)
        } catch {
            // The handler has left: the connection is somebody else's.
        }
    }
}
