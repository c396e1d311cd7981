import MemoryBackend
import ServerCore
import TestSupport

/// A real memory queue that also records what is asked of it.
final class ObservedQueue: JobQueue {
    enum Call: Sendable, Equatable {
        case acknowledged
        case retried(after: Duration)
        case deadLettered(reason: String)
    }

    let queue: MemoryJobQueue<ManualClock>
    let enqueued = Recorder<[UInt8]>()
    let calls = Recorder<Call>()

    init(clock: ManualClock, limits: MemoryJobQueueLimits = MemoryJobQueueLimits()) {
        queue = MemoryJobQueue(limits: limits, clock: clock)
    }

    var lease: Duration { queue.lease }

    func enqueue(_ payloads: [[UInt8]]) async throws(BackendError) {
        try await queue.enqueue(payloads)
        for payload in payloads { enqueued.record(payload) }
    }

    func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob] {
        try await queue.receive(max: max, waiting: waiting)
    }

    func acknowledge(_ job: LeasedJob) async throws(BackendError) {
        try await queue.acknowledge(job)
        calls.record(.acknowledged)
    }

    func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError) {
        try await queue.retry(job, after: delay)
        calls.record(.retried(after: delay))
    }

    func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError) {
        try await queue.deadLetter(job, reason: reason)
        calls.record(.deadLettered(reason: reason))
    }

    func extendLease(of job: LeasedJob) async throws(BackendError) {
        try await queue.extendLease(of: job)
    }

    func depth() async throws(BackendError) -> JobQueueDepth {
        try await queue.depth()
    }

    func checkHealth() async throws(BackendError) {
        try await queue.checkHealth()
    }
}
