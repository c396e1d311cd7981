import AWSBackend
import ChannelHub
import CurlHTTP
import Logging
import MemoryBackend
import RedisBackend
import Server
import ServerCore
import ServiceLifecycle
import Webhooks

/// The one place that knows what a driver's name in the configuration stands for.
struct DriverTable {
    private let settings: Settings
    private let telemetry: Telemetry
    private let redis = RedisBackend()

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
        let cluster = try await makeCluster(apps: apps)
        let webhooks = try WebhookPipeline(webhookConfiguration, apps: apps, queue: queue, telemetry: telemetry)
        return Backends(
            server: ServerBackends(
                apps: apps,
                cache: try await makeCacheStore(),
                rateLimiter: try await makeRateLimiter(),
                webhookQueue: queue,
                cluster: cluster
            ),
            webhookSink: webhooks.buffer,
            services: [BackgroundService(run: apps.run), BackgroundService(run: telemetry.logs.run)]
                + webhooks.services
        )
    }

    /// The way to other nodes; `nil` where there are none.
    private func makeCluster(apps: CachedAppManager) async throws -> ClusterLink? {
        guard settings.drivers.adapter != .local else { return nil }
        let isCluster = settings.drivers.adapter == .redisCluster
        let configuration = try settings.redis.configuration(of: .adapter, isCluster: isCluster)
        let prefix = settings.redis[.adapter, isCluster: isCluster].prefix
        let observation = RedisTransportObservation(
            driver: settings.drivers.adapter.rawValue,
            metrics: telemetry.registry,
            logger: telemetry.logger("martlet.transport")
        )
        return try await DriverFailure.naming(
            "adapter.driver",
            settings.drivers.adapter.rawValue
        ) { () async throws(BackendError) in
            let transport = try await redis.clusterTransport(
                configuration,
                options: settings.adapter.transportOptions(prefix: prefix, isCluster: isCluster),
                observing: observation
            )
            var options = RedisDirectoryOptions(usesShardedPubSub: transport.usesShardedPubSub)
            options.prefix = prefix
            return ClusterLink(
                transport: transport,
                directory: try await redis.clusterDirectory(configuration, options: options),
                configuration: settings.adapter.cluster,
                apps: apps,
                logger: telemetry.logger("martlet.cluster")
            )
        }
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

    /// How webhooks are delivered; a queue that others consume too is not emptied by a node that stops.
    private var webhookConfiguration: WebhookConfiguration {
        var configuration = settings.webhooks
        switch settings.drivers.queue {
        case .memory: break
        case .redis, .redisCluster, .sqs: configuration.drainsQueue = false
        }
        return configuration
    }

    private func makeCacheStore() async throws -> any CacheStore {
        switch settings.drivers.cache {
        case .memory: MemoryCacheStore(maxEntries: settings.memoryCache.maxEntries)
        case .redis: try await makeRedisCache(isCluster: false)
        case .redisCluster: try await makeRedisCache(isCluster: true)
        }
    }

    private func makeRateLimiter() async throws -> (any RateLimiter)? {
        guard settings.server.rateLimiter.isEnabled else { return nil }
        return switch settings.drivers.rateLimiter {
        case .memory: MemoryRateLimiter()
        case .redis: try await makeRedisLimiter(isCluster: false)
        case .redisCluster: try await makeRedisLimiter(isCluster: true)
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
        case .redis:
            return try await makeRedisQueue(isCluster: false)
        case .redisCluster:
            return try await makeRedisQueue(isCluster: true)
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

    private func makeRedisCache(isCluster: Bool) async throws -> any CacheStore {
        let configuration = try settings.redis.configuration(of: .cache, isCluster: isCluster)
        let store = try await DriverFailure.naming(
            "cache.driver",
            settings.drivers.cache.rawValue
        ) { () async throws(BackendError) in
            try await redis.cacheStore(configuration, prefix: settings.redis[.cache, isCluster: isCluster].prefix)
        }
        return OutageTolerantCacheStore(store, policy: settings.cachePolicy, monitor: monitor("cache"))
    }

    private func makeRedisLimiter(isCluster: Bool) async throws -> any RateLimiter {
        let configuration = try settings.redis.configuration(of: .rateLimiter, isCluster: isCluster)
        let limiter = try await DriverFailure.naming(
            "rate_limiter.driver",
            settings.drivers.rateLimiter.rawValue
        ) { () async throws(BackendError) in
            let prefix = settings.redis[.rateLimiter, isCluster: isCluster].prefix
            return try await redis.rateLimiter(configuration, prefix: prefix)
        }
        return OutageTolerantRateLimiter(
            limiter,
            policy: settings.rateLimiterPolicy,
            monitor: monitor("rate_limiter")
        )
    }

    private func makeRedisQueue(isCluster: Bool) async throws -> any JobQueue {
        let configuration = try settings.redis.configuration(of: .queue, isCluster: isCluster)
        var queue = RedisJobQueueConfiguration()
        queue.prefix = settings.redis[.queue, isCluster: isCluster].prefix
        queue.lease = settings.queue.lease
        queue.maxDeadLetters = settings.queue.deadLetterCapacity
        let chosen = queue
        return try await DriverFailure.naming(
            "queue.driver",
            settings.drivers.queue.rawValue
        ) { () async throws(BackendError) in
            try await redis.jobQueue(configuration, queue: chosen)
        }
    }

    private func monitor(_ role: String) -> OutageMonitor {
        OutageMonitor(role: role, metrics: telemetry.registry, logger: telemetry.logger("martlet.\(role)"))
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
            environment: AWSEnvironment(logger: telemetry.logger("martlet.aws"), metrics: telemetry.registry)
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
