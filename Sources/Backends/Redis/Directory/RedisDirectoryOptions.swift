/// Where a cluster's directory is kept in Redis, and how it tells of changes.
package struct RedisDirectoryOptions: Sendable, Equatable {
    /// What the keys and the names of message topics begin with; without braces, which mark the part that decides the
    /// slot.
    package var prefix = "martlet_adapter:"
    /// Whether messages go by `SPUBLISH`, for subscribers by `SSUBSCRIBE`; otherwise by `PUBLISH`.
    package var usesShardedPubSub = false
    /// How long a buried node is remembered, so that nothing is written under its name even if it was away so long.
    package var tombstoneLifetime = Duration.seconds(1_800)
    /// How long a call waits for a Redis that is away.
    package var patience = Duration.seconds(5)

    /// Makes the defaults.
    package init(usesShardedPubSub: Bool = false) {
        self.usesShardedPubSub = usesShardedPubSub
    }
}
