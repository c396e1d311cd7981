import RedisBackend
import ServerCore

/// The Redis that roles of the drivers `redis` and `redis-cluster` use, with Sockudo's names.
struct RedisSettings: Sendable, Equatable {
    /// A name or address, or a URL with both and more.
    var host = "127.0.0.1"
    var port = 6379
    var database = 0
    var username: String?
    var password: String?
    var sentinels: [String] = []
    /// The name under which the sentinels know the master.
    var masterName = "mymaster"
    var sentinelUsername: String?
    var sentinelPassword: String?
    var sentinelTLS = RedisTLSSettings()
    var masterTLS = RedisTLSSettings()
    var cluster = RedisClusterSettings()
    /// The names that certificates must have, as `node=name` or one name for all nodes.
    var tlsHostNames: [String] = []
    var adapter = RedisRoleSettings(prefix: "martlet_adapter:")
    var adapterCluster = RedisRoleSettings(prefix: "martlet_adapter:", timeout: .seconds(1))
    var cache = RedisRoleSettings(prefix: "martlet_cache")
    var queue = RedisRoleSettings(prefix: "martlet_queue")
    var queueCluster = RedisRoleSettings(prefix: "martlet_queue")
    var rateLimiter = RedisRoleSettings(prefix: "martlet_rl")

    /// The nodes of a cluster and what they ask.
    struct RedisClusterSettings: Sendable, Equatable {
        var nodes: [String] = []
        var username: String?
        var password: String?
        var usesTLS = false
    }

    /// What one role does differently.
    struct RedisRoleSettings: Sendable, Equatable {
        var prefix: String
        /// A server of its own.
        var url: String?
        /// Nodes of a cluster of its own.
        var nodes: [String] = []
        /// The driver `redis` means a cluster.
        var isCluster = false
        var timeout = Duration.seconds(5)
        /// TLS to a cluster of its own.
        var tls = RedisTLSSettings()
    }

    /// TLS of one kind of connection.
    struct RedisTLSSettings: Sendable, Equatable {
        var isEnabled = false
        var acceptsInvalidCertificates = false
        var authorityPath: String?
        var certificatePath: String?
        var keyPath: String?
    }

    /// Lists what cannot work with a role of one of the drivers.
    func validate(_ role: RedisRole, isCluster: Bool) -> [ConfigurationProblem] {
        do throws(ConfigurationProblem) {
            let configuration = try configuration(of: role, isCluster: isCluster)
            var problems: [ConfigurationProblem] = []
            problems.require(
                configuration.commandTimeout >= .milliseconds(10),
                role.timeoutKey(isCluster: isCluster),
                "must be at least 10"
            )
            let prefix = self[role, isCluster: isCluster].prefix
            let isUsable = !prefix.isEmpty && !prefix.contains { "{}".contains($0) || $0.isWhitespace }
            problems.require(
                isUsable,
                "\(role.section(isCluster: isCluster)).prefix",
                "must have no braces and no spaces, and not be empty"
            )
            return problems
        } catch {
            return [error]
        }
    }

    /// What a role does differently.
    subscript(role: RedisRole, isCluster isCluster: Bool) -> RedisRoleSettings {
        switch role {
        case .adapter: isCluster ? adapterCluster : adapter
        case .cache: cache
        case .queue: isCluster ? queueCluster : queue
        case .rateLimiter: rateLimiter
        }
    }
}

/// The roles that Redis can play here.
enum RedisRole: Sendable {
    case adapter
    case cache
    case queue
    case rateLimiter

    /// The section of its own keys; the adapter and the queue have one for each driver.
    func section(isCluster: Bool) -> String {
        switch self {
        case .adapter: isCluster ? "adapter.cluster" : "adapter.redis"
        case .cache: "cache.redis"
        case .queue: isCluster ? "queue.redis_cluster" : "queue.redis"
        case .rateLimiter: "rate_limiter.redis"
        }
    }

    /// The key of its time for an answer.
    func timeoutKey(isCluster: Bool) -> String {
        let section = section(isCluster: isCluster)
        return switch section {
        case "queue.redis_cluster", "adapter.cluster": "\(section).request_timeout_ms"
        case "adapter.redis": "\(section).requests_timeout"
        default: "\(section).response_timeout_ms"
        }
    }

    /// The key of the URL of a server of its own.
    var urlKey: String {
        switch self {
        case .adapter: "adapter.redis.redis_pub_options.url"
        case .cache, .queue, .rateLimiter: "\(section(isCluster: false)).url_override"
        }
    }
}
