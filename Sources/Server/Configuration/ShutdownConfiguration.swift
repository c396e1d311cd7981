package import ServerCore

/// How the server leaves: health turns `DRAINING`, a pause, then the sockets in paced batches.
package struct ShutdownConfiguration: Sendable, Equatable {
    /// The time from the signal to the end, whatever is left then.
    package var gracePeriod: Duration = .seconds(10)
    /// How long `DRAINING` is shown before the first socket is closed, so that load balancers can notice.
    ///
    /// Zero suits a developer's machine; behind a load balancer it is the health-check interval times the failures
    /// that it takes, and the grace period has to be longer.
    package var pause: Duration = .zero
    /// Sockets that are closed at once, on the whole node.
    package var batchSize = 500
    /// The time from one batch to the next.
    package var batchInterval: Duration = .milliseconds(50)
    /// A random part added to each interval, so that nodes that leave together do not keep step.
    package var batchJitter: Duration = .milliseconds(25)

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(gracePeriod >= .zero, "shutdown_grace_period", "must be at least 0")
        problems.require(pause >= .zero, "shutdown_pause_ms", "must be at least 0")
        problems.require(
            pause <= gracePeriod,
            "shutdown_pause_ms",
            "must not be longer than shutdown_grace_period"
        )
        problems.require((1...1_000_000).contains(batchSize), "shutdown.batch_size", "must be 1 to 1000000")
        problems.require(batchInterval >= .zero, "shutdown.batch_interval_ms", "must be at least 0")
        problems.require(batchJitter >= .zero, "shutdown.batch_jitter_ms", "must be at least 0")
        return problems
    }
}
