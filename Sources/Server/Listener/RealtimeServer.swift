package import ChannelHub
package import CoreMetrics
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
package import ServerCore
import ServiceLifecycle

/// The server: its event loops, its hub and its listeners, from start to the end of the drain.
///
/// Threading: safe from any thread.
package final class RealtimeServer: Service {
    private let group: MultiThreadedEventLoopGroup
    private let services: ServerServices
    private let identity: TLSIdentity?
    private let listeners: Listeners
    private let metricsText: @Sendable () -> [UInt8]

    /// What a server is made of.
    package struct Dependencies: Sendable {
        package var configuration: ServerConfiguration
        package var hubConfiguration: HubConfiguration
        package var backends: ServerBackends
        package var webhookSink: any WebhookSink
        package var metricsFactory: any MetricsFactory
        /// The exposition that `/metrics` answers.
        package var metricsText: @Sendable () -> [UInt8]
        package var logger: Logger

        /// Names the parts.
        package init(
            configuration: ServerConfiguration,
            hubConfiguration: HubConfiguration,
            backends: ServerBackends,
            webhookSink: any WebhookSink,
            metrics: (factory: any MetricsFactory, text: @Sendable () -> [UInt8]),
            logger: Logger
        ) {
            self.configuration = configuration
            self.hubConfiguration = hubConfiguration
            self.backends = backends
            self.webhookSink = webhookSink
            self.metricsFactory = metrics.factory
            self.metricsText = metrics.text
            self.logger = logger
        }
    }

    private init(
        group: MultiThreadedEventLoopGroup,
        services: ServerServices,
        identity: TLSIdentity?,
        listeners: Listeners,
        metricsText: @escaping @Sendable () -> [UInt8]
    ) {
        self.group = group
        self.services = services
        self.identity = identity
        self.listeners = listeners
        self.metricsText = metricsText
    }

    /// Starts the loops and the hub and binds the listeners; connections are accepted when this returns.
    ///
    /// Throws a `ListenerError` or the system's error when a listener cannot be had; nothing is left running then.
    package static func start(_ dependencies: Dependencies) async throws -> RealtimeServer {
        let threads = dependencies.configuration.listener.eventLoopThreads
        // The hub names loops by the bits of a word.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(threads > 0 ? threads : System.coreCount, 64))
        do {
            let identity =
                dependencies.configuration.tls.isEnabled
                ? try TLSIdentity(dependencies.configuration.tls) : nil
            let services = try await ServerServices.start(dependencies, group: group)
            let setup = ChannelSetup(services: services, identity: identity)
            let listeners = try await Listeners.bind(setup, group: group, metricsText: dependencies.metricsText)
            return RealtimeServer(
                group: group,
                services: services,
                identity: identity,
                listeners: listeners,
                metricsText: dependencies.metricsText
            )
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    /// Where connections are accepted, for the log and for tests that asked for any port.
    package var addresses: [String] { listeners.addresses }

    /// Open WebSocket connections.
    package var connections: Int { services.state.connections }

    /// Reads certificate and key again for the connections to come; a failure keeps the ones in use.
    package func reloadCertificates() {
        guard let identity else { return }
        do {
            try identity.reload()
            services.logger.info("certificates reloaded")
        } catch {
            services.logger.error("certificates not reloaded", metadata: .init([.errorMessage: "\(error)"]))
        }
    }

    /// Serves until graceful shutdown, then drains.
    package func run() async throws {
        let sweeper = Task.isCancelled ? nil : startSweeping()
        let hub = services.hub
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await hub.runCluster() }
            group.addTask { [services] in await AppWatch(services: services).run() }
            // Returns at graceful shutdown or cancellation, which is all that ends the server.
            try? await gracefulShutdown()
            await Drain(services: services).run()
            sweeper?.cancel()
            await listeners.close()
            await hub.leaveCluster(within: Self.farewell)
            group.cancelAll()
        }
        services.hub.finishEdges()
        try await services.hub.stop()
        try await group.shutdownGracefully()
        // The connections that were still open have gone with their loops, and nobody sweeps any more.
        services.hub.finishEdges()
        services.logger.info("server stopped")
    }

    private func startSweeping() -> RepeatedTask {
        let hub = services.hub
        return group.next().scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { _ in
            hub.sweep()
        }
    }

    /// How long a node takes to say what it has to say to the others when it stops.
    private static let farewell = Duration.seconds(5)
    private static let sweepInterval = TimeAmount.milliseconds(100)
}

extension ServerServices {
    /// Starts a hub on the loops of a group.
    fileprivate static func start(
        _ dependencies: RealtimeServer.Dependencies,
        group: MultiThreadedEventLoopGroup
    ) async throws -> ServerServices {
        let configuration = dependencies.configuration
        let port = configuration.listener.port
        let eventLoops = Array(group.makeIterator())
        let hub = try await ChannelHub.start(
            on: eventLoops,
            apps: ActiveApps(metricsFactory: dependencies.metricsFactory, port: port),
            configuration: dependencies.hubConfiguration,
            limits: OutboxLimits(configuration.webSocket),
            sink: dependencies.webhookSink,
            cluster: dependencies.backends.cluster
        )
        var loops: [NIOLoopBound<LoopServices>] = []
        for (index, eventLoop) in eventLoops.enumerated() {
            let lag = dependencies.metricsFactory.makeTimer(
                label: MetricName.eventLoopLagSeconds.rawValue,
                dimensions: [("loop", String(index))]
            )
            loops.append(
                try await eventLoop.submit {
                    guard let shard = hub.shard(on: eventLoop) else {
                        preconditionFailure("the hub has just been started on this loop")
                    }
                    let services = LoopServices(eventLoop: eventLoop, shard: shard, lag: lag)
                    services.startTicking()
                    return NIOLoopBound(services, eventLoop: eventLoop)
                }.get()
            )
        }
        return ServerServices(
            configuration: configuration,
            hub: hub,
            backends: dependencies.backends,
            metrics: ServerMetrics(factory: dependencies.metricsFactory, port: port),
            logger: dependencies.logger,
            loops: loops
        )
    }
}

extension OutboxLimits {
    fileprivate init(_ configuration: WebSocketConfiguration) {
        self.init(
            maxFrames: configuration.maxPendingMessages ?? 0,
            maxBytes: configuration.maxPendingBytes ?? 0,
            disconnects: configuration.disconnectsSlowConsumers
        )
    }
}
