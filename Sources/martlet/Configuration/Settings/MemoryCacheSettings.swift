import ServerCore

/// The cache of the driver `memory`.
struct MemoryCacheSettings: Sendable, Equatable {
    /// How long a value without a time of its own is kept.
    var ttl: Duration = .seconds(300)
    /// How often values whose time is over are removed.
    var cleanupInterval: Duration = .seconds(60)
    var maxEntries = 10_000

    /// Lists what cannot work.
    func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(ttl > .zero, "cache.memory.ttl", "must be at least 1")
        problems.require(cleanupInterval > .zero, "cache.memory.cleanup_interval", "must be at least 1")
        problems.require(
            (1...100_000_000).contains(maxEntries),
            "cache.memory.max_capacity",
            "must be 1 to 100000000"
        )
        return problems
    }
}
