import ChannelHub
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServerCore

/// The sockets that a server listens on.
struct Listeners: Sendable {
    private var channels: [any Channel] = []
    private var socketFile: UnixSocketFile?
    /// Where each of them is, as text.
    private(set) var addresses: [String] = []

    /// Binds all that the configuration asks for; closes what it has bound when one cannot be.
    static func bind(
        _ setup: ChannelSetup,
        group: MultiThreadedEventLoopGroup,
        metricsText: @escaping @Sendable () -> [UInt8]
    ) async throws -> Listeners {
        var listeners = Listeners()
        do {
            try await listeners.bindMain(setup, group: group)
            try await listeners.bindRedirect(setup, group: group)
            try await listeners.bindMetrics(setup, group: group, metricsText: metricsText)
            return listeners
        } catch {
            await listeners.close()
            throw error
        }
    }

    /// Stops accepting and removes the Unix socket's file.
    func close() async {
        for channel in channels {
            // A listener that is closed already is as it should be.
            try? await channel.close()
        }
        socketFile?.remove()
    }

    private mutating func bindMain(_ setup: ChannelSetup, group: MultiThreadedEventLoopGroup) async throws {
        let configuration = setup.services.configuration
        let bootstrap = Self.bootstrap(setup.services, group: group) { channel in try setup.configure(channel) }
        if let socket = configuration.unixSocket.enabled {
            let file = UnixSocketFile(path: socket.path, mode: socket.permissionBits ?? 0o660)
            try file.prepare()
            add(try await bootstrap.bind(unixDomainSocketPath: socket.path).get(), name: "unix:\(socket.path)")
            socketFile = file
            try file.applyMode()
            return
        }
        let listener = configuration.listener
        do {
            let channel = try await bootstrap.bind(host: listener.host, port: listener.port).get()
            add(channel, name: setup.identity == nil ? "http" : "https")
        } catch {
            throw ListenerError("port: cannot listen on \(listener.host):\(listener.port): \(error)")
        }
    }

    private mutating func bindRedirect(_ setup: ChannelSetup, group: MultiThreadedEventLoopGroup) async throws {
        let configuration = setup.services.configuration
        guard configuration.tls.isEnabled, configuration.tls.redirectsHTTP else { return }
        let httpsPort = configuration.listener.port
        let limits = configuration.listener.limits
        let bootstrap = Self.bootstrap(setup.services, group: group) { channel in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPReadGuard(maxHeaderBytes: limits.maxHeaderBytes))
            try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
            try pipeline.addHandler(RedirectHandler(httpsPort: httpsPort, lifetime: limits.headerTimeout.timeAmount))
        }
        do {
            let port = configuration.tls.httpPort
            add(try await bootstrap.bind(host: configuration.listener.host, port: port).get(), name: "redirect")
        } catch {
            throw ListenerError("ssl.http_port: cannot listen on port \(configuration.tls.httpPort): \(error)")
        }
    }

    private mutating func bindMetrics(
        _ setup: ChannelSetup,
        group: MultiThreadedEventLoopGroup,
        metricsText: @escaping @Sendable () -> [UInt8]
    ) async throws {
        let services = setup.services
        let configuration = services.configuration.metrics
        guard configuration.isEnabled else { return }
        let bootstrap = Self.bootstrap(services, group: group) { channel in
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
            try channel.pipeline.syncOperations.addHandler(MetricsHandler(services: services, text: metricsText))
        }
        do {
            let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
            add(channel, name: "metrics")
        } catch {
            throw ListenerError("metrics.port: cannot listen on \(configuration.host):\(configuration.port): \(error)")
        }
    }

    private mutating func add(_ channel: any Channel, name: String) {
        channels.append(channel)
        addresses.append(channel.localAddress.map { "\(name) \($0)" } ?? name)
    }

    private static func bootstrap(
        _ services: ServerServices,
        group: MultiThreadedEventLoopGroup,
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        let logger = services.logger
        let failures = services.metrics.acceptFailures
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: services.configuration.listener.acceptBacklog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // The default takes 4 connections a turn, which a reconnect storm outruns.
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AcceptBackoffHandler(backoffProvider: { _ in .milliseconds(100) }))
                    try pipeline.addHandler(AcceptMonitor(failures: failures, logger: logger))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try configure(channel) }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Clients say little: 512 bytes a read take 1.6 KB less a connection than NIO's 2 KB and lose nothing.
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 512))
    }
}

extension UnixSocketConfiguration {
    /// The configuration where it is in force.
    fileprivate var enabled: UnixSocketConfiguration? { isEnabled ? self : nil }
}
