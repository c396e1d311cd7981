import NIOCore
import NIOHTTP1

/// Answers the metrics port: `/metrics` for Prometheus, `/stats` and `/usage` for people.
///
/// The port is not public.
///
/// Threading: its channel's event loop only.
final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let services: ServerServices
    private let text: @Sendable () -> [UInt8]
    private var head: HTTPRequestHead?

    init(services: ServerServices, text: @escaping @Sendable () -> [UInt8]) {
        self.services = services
        self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            write(reply(to: head), head: head, context: context)
        }
    }

    private func reply(to head: HTTPRequestHead) -> HTTPReply {
        guard head.method == .GET || head.method == .HEAD else { return HTTPFailure.methodNotAllowed([.GET]).reply }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/metrics":
            var reply = HTTPReply(.ok, text: "")
            reply.contentType = "text/plain; version=0.0.4; charset=utf-8"
            reply.body = ByteBuffer(bytes: text())
            return reply
        case "/stats", "/operator/stats": return HTTPReply(json: StatisticsReport(services).statistics())
        case "/usage" where services.configuration.httpAPI.isUsageEnabled:
            return HTTPReply(json: StatisticsReport(services).usage())
        case "/live": return HTTPReply(empty: .ok)
        default: return HTTPFailure.notFound("Path not found").reply
        }
    }

    private func write(_ reply: HTTPReply, head: HTTPRequestHead, context: ChannelHandlerContext) {
        var headers = HTTPHeaders([("Content-Length", String(reply.body.readableBytes))])
        if let contentType = reply.contentType {
            headers.add(name: "Content-Type", value: contentType)
        }
        for (name, value) in reply.headers {
            headers.add(name: name, value: value)
        }
        let response = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
