import ChannelHub
import RedisBackend
import ServerCore

/// How nodes reach each other and notice that one is gone.
struct AdapterSettings: Sendable, Equatable {
    /// In a cluster, whether messages of a topic stay on the shard of its slot; `nil` is where the servers can.
    var usesShardedPubSub: Bool?
    /// Sockudo's second URL of the one server; it must be that of `redis.adapter`, where its connection is.
    var subscribeURL: String?
    /// How the node takes part: leases, the dead, and what it does while the others are out of reach.
    var cluster = ClusterConfiguration()
    /// Messages to other nodes that may be under way or wait for a way, their bytes, and for how long.
    var bufferedMessages = 100_000
    var bufferedBytes = 64 << 20
    var bufferedTime = Duration.seconds(30)

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
        problems += cluster.validate()
        return problems
    }
}
