import NIOCore
import NIOHTTP1
import NIOSSL

/// Prepares accepted connections.
struct ChannelSetup: Sendable {
    let services: ServerServices
    let identity: TLSIdentity?

    /// Puts the handlers of a new connection in place; call on its event loop.
    func configure(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let opening = OpeningHandler(
            services: services,
            loop: services.loop(of: channel.eventLoop),
            isTLS: identity != nil,
            peerAddress: channel.remoteAddress?.ipAddress ?? "unknown"
        )
        if services.configuration.listener.expectsProxyProtocol {
            try pipeline.addHandler(ProxyProtocolHandler { opening.peerAddress = $0 })
        }
        if let identity {
            try pipeline.addHandler(NIOSSLServerHandler(context: identity.current))
        }
        try pipeline.addHandler(opening)
    }
}
