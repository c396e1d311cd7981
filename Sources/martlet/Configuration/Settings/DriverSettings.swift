/// Which backend plays which role; the cases are what this build offers.
struct DriverSettings: Sendable, Equatable {
    var appManager = AppManager.memory
    var adapter = Adapter.local
    var cache = Cache.memory
    var queue = Queue.memory
    var rateLimiter = RateLimiter.memory
    var metrics = Metrics.prometheus
    var serverRole = ServerRole.default

    /// Where apps are kept.
    enum AppManager: String, Sendable, CaseIterable {
        case memory
        case dynamoDB = "dynamodb"
    }

    /// How nodes reach each other.
    enum Adapter: String, Sendable, CaseIterable {
        case local
        case redis
        case redisCluster = "redis-cluster"
    }

    /// Where cached values are kept.
    enum Cache: String, Sendable, CaseIterable {
        case memory
        case redis
        case redisCluster = "redis-cluster"
    }

    /// Where webhook jobs wait.
    enum Queue: String, Sendable, CaseIterable {
        case memory
        case redis
        case redisCluster = "redis-cluster"
        case sqs
    }

    /// Where requests are counted; `none` counts nothing.
    enum RateLimiter: String, Sendable, CaseIterable {
        case memory
        case redis
        case redisCluster = "redis-cluster"
        case none
    }

    /// How metrics leave the process.
    enum Metrics: String, Sendable, CaseIterable {
        case prometheus
    }

    /// What the node does.
    enum ServerRole: String, Sendable, CaseIterable {
        case `default`
    }
}
