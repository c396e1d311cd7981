/// What a job queue in memory may hold.
package struct MemoryJobQueueLimits: Sendable, Equatable {
    /// Jobs that wait or are leased.
    package var maxJobs = 100_000
    /// The payload bytes of those jobs.
    package var maxBytes = 256 << 20
    /// Dead letters that are kept; the oldest go first.
    package var maxDeadLetters = 10_000
    /// The payload bytes of the dead letters that are kept.
    package var maxDeadLetterBytes = 64 << 20
    /// How long a received job stays invisible.
    package var lease = Duration.seconds(60)

    /// Makes the defaults.
    package init() {}
}
