import AWSBackend
import CurlHTTP
import Logging
import MemoryBackend
import Server
import ServerCore
import ServiceLifecycle
import Webhooks

/// The one place that knows what a driver's name in the configuration stands for.
struct DriverTable {
    private let settings: Settings
    private let telemetry: Telemetry

    init(_ settings: Settings, telemetry: Telemetry) {
        self.settings = settings
        self.telemetry = telemetry
    }

    /// The backends in use, and the services that they need, in the order in which those start.
    struct Backends {
        var server: ServerBackends
        var webhookSink: any WebhookSink
        var services: [any Service]
    }

    /// Makes the backends that the configuration names.
    func makeBackends() async throws -> Backends {
        let apps = CachedAppManager(
            store: try await makeAppManager(),
            configuration: AppCacheConfiguration(settings.appManager),
            metrics: telemetry.registry
        )
        let queue = try await makeJobQueue()
        let webhooks = try WebhookPipeline(settings.webhooks, apps: apps, queue: queue, telemetry: telemetry)
        return Backends(
            server: ServerBackends(
                apps: apps,
                cache: makeCacheStore(),
                rateLimiter: makeRateLimiter(),
                webhookQueue: queue
            ),
            webhookSink: webhooks.buffer,
            services: [BackgroundService(run: apps.run), BackgroundService(run: telemetry.logs.run)]
                + webhooks.services
        )
    }

    private func makeAppManager() async throws -> any AppManager {
        switch settings.drivers.appManager {
        case .memory:
            return try MemoryAppManager(apps: settings.appManager.apps)
        case .dynamoDB:
            return try await DriverFailure.naming("app_manager.driver", "dynamodb") { () async throws(BackendError) in
                let apps = try makeAWS().appManager(settings.dynamoDB)
                try await apps.checkHealth()
                try await apps.register(settings.appManager.apps)
                return apps
            }
        }
    }

    private func makeCacheStore() -> any CacheStore {
        switch settings.drivers.cache {
        case .memory: MemoryCacheStore(maxEntries: settings.memoryCache.maxEntries)
        }
    }

    private func makeRateLimiter() -> (any RateLimiter)? {
        switch settings.drivers.rateLimiter {
        case .memory: MemoryRateLimiter()
        case .none: nil
        }
    }

    private func makeJobQueue() async throws -> any JobQueue {
        switch settings.drivers.queue {
        case .memory:
            var limits = MemoryJobQueueLimits()
            limits.maxJobs = settings.queue.capacity
            limits.lease = settings.queue.lease
            limits.maxDeadLetters = settings.queue.deadLetterCapacity
            return MemoryJobQueue(limits: limits)
        case .sqs:
            return try await DriverFailure.naming("queue.driver", "sqs") { () async throws(BackendError) in
                let queue = try makeAWS().jobQueue(settings.sqs) { payload in
                    // Jobs of one webhook stay in order, and with them the events of each channel.
                    WebhookJob(decoding: payload).map { "\($0.destination.appID) \($0.destination.url)" }
                }
                try await queue.prepare()
                return queue
            }
        }
    }

    private func makeAWS() throws(BackendError) -> AWSBackend {
        let transport: CurlHTTPClient
        do throws(HTTPTransportError) {
            transport = try CurlHTTPClient()
        } catch {
            throw BackendError(.unavailable, "no HTTP client for AWS", underlying: error)
        }
        return AWSBackend(
            transport: transport,
            environment: AWSEnvironment(logger: telemetry.logger("martlet.aws"))
        )
    }
}

/// Work that goes on beside the server and has nothing to finish when it stops.
private struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(run work: @escaping @Sendable () async -> Void) {
        self.work = work
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }
}

extension AppCacheConfiguration {
    fileprivate init(_ settings: AppManagerSettings) {
        self.init()
        isEnabled = settings.isCacheEnabled
        ttl = settings.cacheTTL
    }
}
