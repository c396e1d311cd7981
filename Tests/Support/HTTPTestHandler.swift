import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Collects one request at a time and performs the reply that the responder chose.
///
/// Runs on its channel's loop; all connections of a server share one loop, so that they can be numbered.
final class HTTPTestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: HTTPTestServer
    private let responder: HTTPTestServer.Responder
    private var connection = 0
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(server: HTTPTestServer, responder: @escaping HTTPTestServer.Responder) {
        self.server = server
        self.responder = responder
    }

    func channelActive(context: ChannelHandlerContext) {
        connection = server.nextConnection()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.closed.record(connection)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer):
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            let request = HTTPTestServer.Request(
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { ($0.name, $0.value) },
                body: body,
                connection: connection
            )
            server.requests.record(request)
            answer(request, head: head, context: context)
        }
    }

    private func answer(_ request: HTTPTestServer.Request, head: HTTPRequestHead, context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let responder = responder
        context.eventLoop.makeFutureWithTask { await responder(request) }.whenSuccess { reply in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.perform(reply, head: head, context: context)
        }
    }

    private func perform(_ reply: HTTPTestServer.Reply, head: HTTPRequestHead, context: ChannelHandlerContext) {
        switch reply {
        case .respond(let status, let fields, let body):
            respond(status: status, fields: fields, body: body, head: head, context: context)
        case .drip(let interval):
            write(.head(HTTPResponseHead(version: head.version, status: .ok)), context: context)
            context.flush()
            drip(every: interval, context: context)
        case .raw(let bytes):
            sendRaw(bytes, context: context)
        case .hang:
            break
        case .reset:
            reset(context: context)
        case .close:
            context.close(promise: nil)
        }
    }

    private func respond(
        status: Int,
        fields: [(String, String)],
        body: [UInt8],
        head: HTTPRequestHead,
        context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders(fields)
        if !headers.contains(name: "Content-Length") {
            headers.add(name: "Content-Length", value: String(body.count))
        }
        let status = HTTPResponseStatus(statusCode: status)
        write(.head(HTTPResponseHead(version: head.version, status: status, headers: headers)), context: context)
        write(.body(.byteBuffer(ByteBuffer(bytes: body))), context: context)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func drip(every interval: TimeAmount, context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: interval) {
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.write(.body(.byteBuffer(ByteBuffer(string: "."))), context: context)
            context.flush()
            handler.drip(every: interval, context: context)
        }
    }

    private func sendRaw(_ bytes: [UInt8], context: ChannelHandlerContext) {
        do {
            // From the encoder's place on, writes go to the socket as they are.
            let encoder = try context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
        } catch {
            context.fireErrorCaught(error)
        }
        context.close(promise: nil)
    }

    private func reset(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        guard let options = context.channel as? any SocketOptionProvider else { return }
        // With a linger time of zero, close sends a reset.
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
            bound.value.close(promise: nil)
        }
    }

    private func write(_ part: HTTPServerResponsePart, context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(part), promise: nil)
    }
}
