import RedisBackend
import ServerCore

/// How nodes reach each other and notice that one is gone.
struct AdapterSettings: Sendable, Equatable {
    /// In a cluster, whether messages of a topic stay on the shard of its slot; `nil` is where the servers can.
    var usesShardedPubSub: Bool?
    /// Sockudo's second URL of the one server; it must be that of `redis.adapter`, where its connection is.
    var subscribeURL: String?
    var health = Health()
    /// Messages to other nodes that may be under way or wait for a way, their bytes, and for how long.
    var bufferedMessages = 100_000
    var bufferedBytes = 64 << 20
    var bufferedTime = Duration.seconds(30)
    /// Publishing is refused while messages cannot leave.
    var isStrict = false
    /// How long a topic is still listened to after its last local subscriber has gone.
    var subscriptionLinger = Duration.seconds(5)

    /// Leases of nodes.
    struct Health: Sendable, Equatable {
        /// Off, nobody takes over what a node left that went away without a word.
        var isEnabled = true
        var heartbeatInterval = Duration.milliseconds(3_000)
        /// A node that was silent for so long is given up.
        var nodeTimeout = Duration.milliseconds(10_000)
        /// How often nodes that are to be given up are looked for.
        var cleanupInterval = Duration.milliseconds(2_000)
    }

    /// The options of the transport, with what its keys begin with and whether it is in a cluster.
    func transportOptions(prefix: String, isCluster: Bool) -> RedisTransportOptions {
        var options = RedisTransportOptions()
        options.prefix = prefix
        options.maxBufferedMessages = bufferedMessages
        options.maxBufferedBytes = bufferedBytes
        options.maxBufferedTime = bufferedTime
        guard isCluster else { return options }
        options.shardedPubSub = usesShardedPubSub.map { $0 ? .always : .never } ?? .automatic
        return options
    }

    /// Lists what cannot work, whatever the driver but the local one.
    func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(bufferedMessages > 0, "adapter.publish_buffer_messages", "must be at least 1")
        problems.require(bufferedBytes > 0, "adapter.publish_buffer_bytes", "must be at least 1")
        problems.require(
            health.heartbeatInterval >= .milliseconds(100),
            "adapter.cluster_health.heartbeat_interval_ms",
            "must be at least 100"
        )
        problems.require(
            health.heartbeatInterval * 3 <= health.nodeTimeout,
            "adapter.cluster_health.heartbeat_interval_ms",
            "must be at most a third of node_timeout_ms, which is \(health.nodeTimeout.wholeMilliseconds)"
        )
        problems.require(
            health.cleanupInterval >= .milliseconds(100),
            "adapter.cluster_health.cleanup_interval_ms",
            "must be at least 100"
        )
        problems.require(
            health.cleanupInterval <= health.nodeTimeout,
            "adapter.cluster_health.cleanup_interval_ms",
            "must be at most node_timeout_ms, which is \(health.nodeTimeout.wholeMilliseconds)"
        )
        return problems
    }
}
