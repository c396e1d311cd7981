/// How messages between nodes travel through Redis, and what happens to them while it is away.
package struct RedisTransportOptions: Sendable, Equatable {
    /// What keys and the names of message topics begin with; without braces, which mark the part that decides the slot.
    package var prefix = "martlet_adapter:"
    package var shardedPubSub = ShardedPubSub.automatic
    /// The most messages that may be under way or wait, and their bytes; more are dropped.
    package var maxBufferedMessages = 100_000
    package var maxBufferedBytes = 64 << 20
    /// How long a message may wait for a way.
    package var maxBufferedTime = Duration.seconds(30)
    /// How long messages wait after an outage, so that subscribers have come back by then.
    package var settleTime = Duration.seconds(1)
    /// How often a silent connection is asked whether it still works, and how long the answer may take.
    package var pingInterval = Duration.seconds(1)
    package var pingTimeout = Duration.seconds(3)
    /// How often the map of a cluster is looked at without an occasion.
    package var refreshInterval = Duration.seconds(5)

    /// Makes the defaults.
    package init() {}

    /// Whether messages of a topic stay on the shard of its slot, which Redis Cluster can from version 7.
    package enum ShardedPubSub: String, Sendable, CaseIterable {
        /// Where the server can.
        case automatic
        case always
        case never
    }
}
