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
            problems.require(configuration.commandTimeout >= .milliseconds(10), role.timeoutKey, "must be at least 10")
            let prefix = self[role, isCluster: isCluster].prefix
            let isUsable = !prefix.isEmpty && !prefix.contains { "{}".contains($0) || $0.isWhitespace }
            problems.require(isUsable, "\(role.section).prefix", "must have no braces and no spaces, and not be empty")
            return problems
        } catch {
            return [error]
        }
    }

    /// What a role does differently.
    subscript(role: RedisRole, isCluster isCluster: Bool) -> RedisRoleSettings {
        switch role {
        case .cache: cache
        case .queue: isCluster ? queueCluster : queue
        case .rateLimiter: rateLimiter
        }
    }
}

/// The roles that Redis can play here.
enum RedisRole: Sendable {
    case cache
    case queue
    case rateLimiter

    /// The section of its own keys.
    var section: String {
        switch self {
        case .cache: "cache.redis"
        case .queue: "queue.redis"
        case .rateLimiter: "rate_limiter.redis"
        }
    }

    /// The key of its time for an answer.
    var timeoutKey: String { "\(section).response_timeout_ms" }
}
