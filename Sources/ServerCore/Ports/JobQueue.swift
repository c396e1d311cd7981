/// Holds jobs until one consumer has done each of them, at least once.
///
/// Contract: `enqueue` returns when the queue has taken every job; a received job is invisible to other consumers for
/// `lease`; a job that is neither acknowledged, retried nor dead-lettered in that time comes again with a higher
/// attempt. Order is best effort. Implementations are safe to call from any task.
package protocol JobQueue: Sendable {
    /// Takes jobs; a bounded queue that is full throws `.capacityExceeded`, and then has taken none of them.
    func enqueue(_ payloads: [[UInt8]]) async throws(BackendError)

    /// Waits for jobs and returns at least one, or none when the waiting time is over or the task is cancelled.
    func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob]

    /// Ends a job that was done.
    func acknowledge(_ job: LeasedJob) async throws(BackendError)

    /// Gives a job back to be received again after a delay.
    func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError)

    /// Puts a job that will not be tried again aside for inspection.
    func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError)

    /// Prolongs the lease of a job that is still being worked on.
    func extendLease(of job: LeasedJob) async throws(BackendError)

    /// How long a received job stays invisible.
    var lease: Duration { get }

    /// Whether jobs of one group come in their order.
    ///
    /// A consumer keeps that order by giving back, when it does not finish a job, what it holds of the group behind it:
    /// the queue holds those up until the first one comes again.
    var keepsOrder: Bool { get }

    /// Counts the jobs, as exactly as the backend can tell.
    func depth() async throws(BackendError) -> JobQueueDepth

    /// Throws when the queue cannot take jobs now.
    func checkHealth() async throws(BackendError)
}

extension JobQueue {
    package var keepsOrder: Bool { false }
}

/// A job in the hands of one consumer.
package struct LeasedJob: Sendable, Equatable, Identifiable {
    package var id: String
    package var payload: [UInt8]
    /// 1 the first time a job is received.
    package var attempt: Int
    /// Backend's own handle of this lease, such as an SQS receipt handle.
    package var receipt: String

    /// Makes a leased job.
    package init(id: String, payload: [UInt8], attempt: Int, receipt: String) {
        self.id = id
        self.payload = payload
        self.attempt = attempt
        self.receipt = receipt
    }
}

/// How many jobs a queue holds.
package struct JobQueueDepth: Sendable, Equatable {
    /// Jobs that can be received now or after their delay.
    package var waiting: Int
    /// Jobs in the hands of consumers.
    package var leased: Int
    package var deadLettered: Int

    /// Makes a depth.
    package init(waiting: Int, leased: Int, deadLettered: Int) {
        self.waiting = waiting
        self.leased = leased
        self.deadLettered = deadLettered
    }
}
