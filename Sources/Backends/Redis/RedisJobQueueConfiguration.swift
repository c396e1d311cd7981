/// Where a job queue is kept in Redis, and how it behaves.
package struct RedisJobQueueConfiguration: Sendable, Equatable {
    /// What the keys begin with; without braces, which mark the part that decides the slot.
    package var prefix = "martlet_queue"
    /// The name of the queue.
    package var name = "webhooks"
    /// How long a received job stays invisible.
    package var lease = Duration.seconds(30)
    /// How often a receiver that waits looks for jobs of other nodes; its own node's wake it.
    package var pollInterval = Duration.milliseconds(500)
    /// Dead letters that are kept; the oldest go first.
    package var maxDeadLetters = 10_000
    /// The payload bytes that one receive brings, beyond the first job's.
    package var maxReceivedBytes = 4 << 20

    /// Makes the defaults.
    package init() {}
}
