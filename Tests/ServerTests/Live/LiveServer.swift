import ChannelHub
import CoreMetrics
import Logging
import MemoryBackend
import PrometheusMetrics
import ServerCore
import ServiceLifecycle
import TestSupport

@testable import Server

/// Discards webhook events but keeps their texts.
final class EventLog: WebhookSink {
    private let recorder = Recorder<WebhookEvent>()

    func emit(_ event: WebhookEvent) { recorder.record(event) }

    func emit(_ event: WebhookEvent, whenQueued: @escaping @Sendable () -> Void) -> Bool {
        recorder.record(event)
        return true
    }

    var events: [WebhookEvent] { recorder.elements }
}

/// The server in this process, with everything in memory.
struct LiveServer {
    let server: RealtimeServer
    let registry: PrometheusRegistry
    let sink: EventLog
    /// Where it listens.
    let port: Int

    /// What a test changes of the server.
    struct Options {
        var server = ServerConfiguration()
        var hub = HubConfiguration()
        var app = LiveServer.app
        var limiter: (any RateLimiter)?
    }

    static var app: App {
        var features = AppFeatures()
        features.allowsClientEvents = true
        return App(id: "1", key: "key", secret: "secret", features: features)
    }

    /// Runs a test against a server and stops it.
    static func run<Value: Sendable>(
        _ options: Options = Options(),
        _ test: (LiveServer) async throws -> Value
    ) async throws -> Value {
        var configuration = options.server
        configuration.listener.host = "127.0.0.1"
        configuration.listener.port = FreePort.next()
        configuration.metrics.isEnabled = false
        configuration.shutdown.gracePeriod = min(configuration.shutdown.gracePeriod, .milliseconds(100))
        let registry = PrometheusRegistry()
        let sink = EventLog()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let store = try MemoryAppManager(apps: [options.app])
        let server = try await RealtimeServer.start(
            RealtimeServer.Dependencies(
                configuration: configuration,
                hubConfiguration: options.hub,
                backends: ServerBackends(
                    apps: CachedAppManager(store: store, metrics: registry),
                    cache: MemoryCacheStore(),
                    rateLimiter: options.limiter,
                    webhookQueue: MemoryJobQueue()
                ),
                webhookSink: sink,
                metrics: (factory: registry, text: { registry.render() }),
                logger: logger
            )
        )
        let live = LiveServer(server: server, registry: registry, sink: sink, port: configuration.listener.port)
        return try await live.serve(test)
    }

    private func serve<Value: Sendable>(_ test: (LiveServer) async throws -> Value) async throws -> Value {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let group = ServiceGroup(services: [server], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await test(self)) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try outcome.get()
        }
    }

    /// A gauge or counter, summed over its series.
    func metric(_ name: String) -> Double {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("martlet_\(name){") || $0.hasPrefix("martlet_\(name) ") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}
