import ChannelHub
import Glibc
import Logging
import MemoryBackend
import PrometheusMetrics
import Server
import ServerCore
import ServiceLifecycle
import UnixSignals

/// Starts everything in order, runs it, and stops it in the opposite order.
///
/// What others depend on starts first and stops last: the app cache, then the webhooks, then the server, whose drain
/// makes the last webhook events.
struct ServiceOrder {
    private let loaded: LoadedSettings

    init(_ loaded: LoadedSettings) {
        self.loaded = loaded
    }

    /// Runs the server until a signal has ended it.
    func run() async throws {
        ProcessLimits.prepare()
        let telemetry = Telemetry(loaded.settings)
        let logger = telemetry.logger("martlet")
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: .init([.reason: "\(warning)"]))
        }
        let backends = try await DriverTable(loaded.settings, telemetry: telemetry).makeBackends()
        let server = try await RealtimeServer.start(
            RealtimeServer.Dependencies(
                configuration: loaded.settings.server,
                hubConfiguration: loaded.settings.hub,
                backends: backends.server,
                webhookSink: backends.webhookSink,
                metrics: (factory: telemetry.registry, text: { telemetry.registry.render() }),
                logger: telemetry.logger("martlet.server")
            )
        )
        logger.info(
            "serving",
            metadata: .init([
                .version: "\(Martlet.version)",
                .listenAddress: "\(server.addresses.joined(separator: ", "))",
            ])
        )
        try await run(backends.services + [server], server: server, logger: logger)
    }

    private func run(_ services: [any Service], server: RealtimeServer, logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            logger: logger
        )
        // Whatever is left then is cut off: the drain's sockets, the webhooks' last deliveries.
        configuration.maximumGracefulShutdownDuration = loaded.settings.server.shutdown.gracePeriod
        let group = ServiceGroup(configuration: configuration)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { await handle(signals, group: group, server: server, logger: logger) }
            // The services end first: a signal only asks them to.
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    private func handle(
        _ signals: UnixSignalsSequence,
        group: ServiceGroup,
        server: RealtimeServer,
        logger: Logger
    ) async {
        var isStopping = false
        for await signal in signals {
            if signal == .sighup {
                server.reloadCertificates()
            } else if isStopping {
                logger.warning("second signal: stopping at once", metadata: .init([.signal: "\(signal)"]))
                exit(EXIT_FAILURE)
            } else {
                isStopping = true
                logger.info("stopping", metadata: .init([.signal: "\(signal)"]))
                await group.triggerGracefulShutdown()
            }
        }
    }
}
