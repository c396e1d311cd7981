import NIOCore
import NIOHTTP1

/// Sends plain-HTTP requests to the same place over HTTPS (status 308, which keeps method and body).
///
/// Threading: its channel's event loop only.
final class RedirectHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let httpsPort: Int
    private let lifetime: TimeAmount
    private var end: Scheduled<Void>?
    private var head: HTTPRequestHead?

    /// Makes the handler of a connection that is closed after its one answer, and at the latest after a time.
    init(httpsPort: Int, lifetime: TimeAmount) {
        self.httpsPort = httpsPort
        self.lifetime = lifetime
    }

    func handlerAdded(context: ChannelHandlerContext) {
        end = context.eventLoop.assumeIsolated().scheduleTask(in: lifetime) { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end: respond(context)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        var headers = HTTPHeaders([("Content-Length", "0"), ("Connection", "close")])
        let status: HTTPResponseStatus
        if let location = Self.location(of: head, httpsPort: httpsPort) {
            headers.add(name: "Location", value: location)
            status = .permanentRedirect
        } else {
            status = .badRequest
        }
        let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        let end = HTTPServerResponsePart.end(nil)
        context.writeAndFlush(wrapOutboundOut(end)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    /// The HTTPS form of what was asked for; `nil` where the request does not say of whom.
    static func location(of head: HTTPRequestHead, httpsPort: Int) -> String? {
        guard let host = head.headers.first(name: "host"), !host.isEmpty, head.uri.first == "/" else { return nil }
        let isAllowed = host.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\")
                && byte != UInt8(ascii: "@")
        }
        guard isAllowed else { return nil }
        var name = host[...]
        if let colon = name.lastIndex(of: ":"), name[colon...].dropFirst().allSatisfy(\.isNumber) {
            name = name[..<colon]
        }
        return "https://\(name)\(httpsPort == 443 ? "" : ":\(httpsPort)")\(head.uri)"
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
