import AWSBackend
import ChannelHub
import Server
import ServerCore
import Webhooks

/// Everything that the process was told: the configuration of each part, the drivers, and the apps.
///
/// A fresh value holds the defaults. ``SettingsLoader`` is the way to a validated one.
struct Settings: Sendable, Equatable {
    var server = ServerConfiguration()
    var hub = HubConfiguration()
    var webhooks = WebhookConfiguration()
    var logging = LoggingSettings()
    var drivers = DriverSettings()
    var appManager = AppManagerSettings()
    var memoryCache = MemoryCacheSettings()
    var queue = QueueSettings()
    /// Of the drivers of the adapter.
    var adapter = AdapterSettings()
    /// Of the drivers `redis` and `redis-cluster`.
    var redis = RedisSettings()
    /// What happens while a shared cache does not answer.
    var cachePolicy = OutagePolicy.closed
    /// What happens while a shared rate limiter does not answer.
    var rateLimiterPolicy = OutagePolicy.closed
    /// Of the driver `dynamodb` of the app manager.
    var dynamoDB = DynamoDBConfiguration()
    /// Of the driver `sqs` of the queue.
    var sqs = SQSConfiguration()
    /// A name for the deployment, such as `production`; shown, and without effect.
    var mode = "production"
    /// The name of this node in logs; `nil` chooses a random one.
    var instanceID: String?

    /// Lists what cannot work; empty when everything can.
    ///
    /// The sections of drivers that are not in use are not looked at.
    func validate() -> [ConfigurationProblem] {
        server.validate() + hub.validate() + webhooks.validate() + appManager.validate() + memoryCache.validate()
            + queue.validate()
            + (drivers.appManager == .dynamoDB ? dynamoDB.validate() : [])
            + (drivers.queue == .sqs ? sqs.validate() : [])
            + validateRedis()
    }

    private func validateAdapter() -> [ConfigurationProblem] {
        guard drivers.adapter != .local else { return [] }
        let isCluster = drivers.adapter == .redisCluster
        var problems = adapter.validate() + redis.validate(.adapter, isCluster: isCluster)
        problems.require(
            isCluster || adapter.subscribeURL == nil || adapter.subscribeURL == redis.adapter.url,
            "adapter.redis.redis_sub_options.url",
            "must be the same as redis_pub_options.url"
        )
        return problems
    }

    /// What works, but not as one may expect.
    var remarks: [String] {
        guard drivers.adapter != .local, drivers.cache == .memory else { return [] }
        let subject = server.idempotency.isEnabled ? "idempotency keys and cached values are" : "cached values are"
        return ["cache.driver is memory: \(subject) each node's own, although nodes share channels by adapter.driver"]
    }

    private func validateRedis() -> [ConfigurationProblem] {
        let cache: [ConfigurationProblem] =
            switch drivers.cache {
            case .redis: redis.validate(.cache, isCluster: false)
            case .redisCluster: redis.validate(.cache, isCluster: true)
            case .memory: []
            }
        let queue: [ConfigurationProblem] =
            switch drivers.queue {
            case .redis: redis.validate(.queue, isCluster: false)
            case .redisCluster: redis.validate(.queue, isCluster: true)
            case .memory, .sqs: []
            }
        let others = cache + queue + validateAdapter()
        guard server.rateLimiter.isEnabled else { return others }
        let rateLimiter: [ConfigurationProblem] =
            switch drivers.rateLimiter {
            case .redis: redis.validate(.rateLimiter, isCluster: false)
            case .redisCluster: redis.validate(.rateLimiter, isCluster: true)
            case .memory, .none: []
            }
        return others + rateLimiter
    }
}
