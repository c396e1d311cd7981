import CurlHTTP
import Logging
import MemoryBackend
import ServerCore
import TestSupport

@testable import Webhooks

/// Buffer, batcher, queue and dispatcher as they run in the server, on a clock that the test moves.
struct WebhookBench: Sendable {
    static let startMilliseconds: Int64 = 1_754_000_000_123

    let clock = ManualClock()
    let metrics = TestMetrics()
    let apps: AppList
    let queue: ObservedQueue
    let client: CurlHTTPClient
    let buffer: WebhookBuffer
    let batcher: WebhookBatcher
    let dispatcher: WebhookDispatcher

    init(
        apps: [App],
        configuration: WebhookConfiguration = .immediate,
        lambda: (any LambdaInvoker)? = nil,
        limits: MemoryJobQueueLimits = MemoryJobQueueLimits()
    ) throws {
        self.apps = AppList(apps)
        queue = ObservedQueue(clock: clock, limits: limits)
        client = try CurlHTTPClient()
        let clock = clock
        let wallClock = WallClock { Self.startMilliseconds + clock.now.offset.milliseconds }
        let environment = WebhookEnvironment(
            metrics: WebhookMetrics(factory: metrics),
            logger: Logger(label: "webhooks", factory: { _ in SwiftLogNoOpLogHandler() }),
            clock: clock,
            wallClock: wallClock,
            jitter: { 0.5 }
        )
        buffer = WebhookBuffer(
            configuration: configuration,
            metrics: environment.metrics,
            logger: environment.logger,
            wallClock: wallClock
        )
        batcher = WebhookBatcher(
            buffer: buffer,
            apps: self.apps,
            queue: queue,
            configuration: configuration,
            environment: environment
        )
        dispatcher = WebhookDispatcher(
            queue: queue,
            apps: self.apps,
            transport: client,
            lambda: lambda,
            configuration: configuration,
            environment: environment
        )
    }

    /// Runs the services for the time of the closure.
    func run(_ body: () async throws -> Void) async throws {
        let services = Task {
            await withTaskGroup { group in
                group.addTask { await batcher.run() }
                group.addTask { await dispatcher.run() }
            }
        }
        do {
            try await body()
        } catch {
            services.cancel()
            await services.value
            await client.shutdown()
            throw error
        }
        services.cancel()
        await services.value
        await client.shutdown()
    }

    /// An app with one webhook for everything at a URL.
    static func app(_ id: String, _ urls: String...) -> App {
        var app = App(id: id, key: "key-\(id)", secret: "secret-\(id)")
        app.webhooks = urls.map { url in
            Webhook(url: url, eventTypes: WebhookEventTypes(rawValue: 0x7f))
        }
        return app
    }
}

extension WebhookConfiguration {
    /// One request an event, one delivery at a time to a webhook.
    static var immediate: WebhookConfiguration {
        var configuration = WebhookConfiguration()
        configuration.batching.isEnabled = false
        configuration.maxDeliveriesPerWebhook = 1
        return configuration
    }

    /// Batches that close when they are full.
    static func batches(of size: Int) -> WebhookConfiguration {
        var configuration = WebhookConfiguration()
        configuration.batching.size = size
        return configuration
    }
}

extension WebhookEvent {
    static func occupied(_ channel: String, app: String = "1") -> WebhookEvent {
        WebhookEvent(appID: app, channel: channel, content: .channelOccupied)
    }
}

extension HTTPTestServer.Request {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}
