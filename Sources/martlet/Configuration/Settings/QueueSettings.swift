import ServerCore

/// The job queue of the driver `memory`.
struct QueueSettings: Sendable, Equatable {
    /// Jobs that may wait.
    var capacity = 100_000
    /// How long a job may be worked on before it is given to another consumer.
    var lease: Duration = .seconds(30)
    /// Dead-lettered jobs that are kept for inspection; the oldest give way.
    var deadLetterCapacity = 10_000

    /// Lists what cannot work.
    func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            (1...100_000_000).contains(capacity),
            "queue.reliability.memory_capacity",
            "must be 1 to 100000000"
        )
        problems.require(lease >= .seconds(1), "queue.reliability.lease_duration_ms", "must be at least 1000")
        problems.require(
            (0...100_000_000).contains(deadLetterCapacity),
            "queue.reliability.failed_retention",
            "must be 0 to 100000000"
        )
        return problems
    }
}
