package import ServerCore

/// How a node takes part in a cluster.
package struct ClusterConfiguration: Sendable, Equatable {
    /// Dead nodes are buried; off, what they had in channels stays for ever.
    package var buriesDeadNodes = true
    /// How often a node says that it lives.
    package var heartbeatInterval: Duration = .seconds(3)
    /// How long after its last sign of life a node counts as dead.
    package var nodeTimeout: Duration = .seconds(10)
    /// How often a node looks for dead ones.
    package var cleanupInterval: Duration = .seconds(2)
    /// How long a node keeps asking for a channel's messages after its last subscriber left.
    package var lingerInterval: Duration = .seconds(5)
    /// Publishing is refused while other nodes cannot be reached, rather than done late.
    package var refusesUnreachable = false

    /// Makes the default configuration, with which a dead node's members are gone within 15 seconds.
    package init() {}

    /// Lists what cannot work; empty when everything can.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            heartbeatInterval >= .milliseconds(100),
            "adapter.cluster_health.heartbeat_interval_ms",
            "must be at least 100"
        )
        problems.require(
            heartbeatInterval * 3 <= nodeTimeout,
            "adapter.cluster_health.heartbeat_interval_ms",
            "must be at most a third of node_timeout_ms, so that one lost heartbeat kills no node"
        )
        problems.require(
            cleanupInterval >= .milliseconds(100),
            "adapter.cluster_health.cleanup_interval_ms",
            "must be at least 100"
        )
        problems.require(
            cleanupInterval <= nodeTimeout,
            "adapter.cluster_health.cleanup_interval_ms",
            "must be at most node_timeout_ms"
        )
        problems.require(
            (Duration.zero...Duration.seconds(600)).contains(lingerInterval),
            "adapter.subscription_linger_ms",
            "must be 0 to 600000"
        )
        return problems
    }
}
