import DequeModule
import HeapModule
import ServerCore

/// The jobs of a memory queue and their states; pure, so that time is a parameter.
///
/// Operations are O(log jobs). Leases and delays share one heap whose entries are checked when they come up: an entry
/// whose job was settled or leased anew meanwhile means nothing.
struct MemoryJobTable<Instant: InstantProtocol> where Instant.Duration == Duration {
    private enum Phase: Equatable {
        case ready
        case delayed
        case leased
    }

    private struct Job {
        var payload: [UInt8]
        var attempt = 0
        var phase = Phase.ready
        /// Rises with every change of phase or deadline, so that old heap and line entries are told apart.
        var generation: UInt64 = 0
    }

    private struct Mark: Comparable {
        var instant: Instant
        var id: UInt64
        var generation: UInt64

        static func < (left: Mark, right: Mark) -> Bool {
            (left.instant, left.id) < (right.instant, right.id)
        }
    }

    private let limits: MemoryJobQueueLimits
    private var jobs: [UInt64: Job] = [:]
    private var line: Deque<(id: UInt64, generation: UInt64)> = []
    private var marks = Heap<Mark>()
    private var lastID: UInt64 = 0
    private var leasedCount = 0
    private var bytes = 0
    private var deadLetterBytes = 0
    private(set) var deadLetters: Deque<MemoryDeadLetter> = []

    init(limits: MemoryJobQueueLimits) {
        self.limits = limits
    }

    var isFull: Bool {
        jobs.count >= limits.maxJobs || bytes >= limits.maxBytes
    }

    /// Whether a job can probably be received now; a settled job may still stand in the line.
    var hasReady: Bool { !line.isEmpty }

    /// The next instant at which a lease or a delay may end.
    var nextDue: Instant? { marks.min?.instant }

    mutating func enqueue(_ payloads: [[UInt8]]) -> Bool {
        let newBytes = payloads.reduce(0) { $0 + $1.count }
        guard payloads.count <= limits.maxJobs - jobs.count, newBytes <= limits.maxBytes - bytes else { return false }
        bytes += newBytes
        for payload in payloads {
            lastID += 1
            jobs[lastID] = Job(payload: payload)
            line.append((lastID, 0))
        }
        return true
    }

    mutating func receive(max: Int, now: Instant) -> [LeasedJob] {
        promote(now: now)
        var received: [LeasedJob] = []
        while received.count < max, let entry = line.popFirst() {
            guard var job = jobs[entry.id], job.phase == .ready, job.generation == entry.generation else { continue }
            job.attempt += 1
            job.phase = .leased
            leasedCount += 1
            mark(&job, id: entry.id, until: now.advanced(by: limits.lease))
            jobs[entry.id] = job
            let id = String(entry.id)
            received.append(
                LeasedJob(id: id, payload: job.payload, attempt: job.attempt, receipt: String(job.attempt))
            )
        }
        return received
    }

    mutating func remove(_ leased: LeasedJob) -> Bool {
        take(leased) != nil
    }

    mutating func bury(_ leased: LeasedJob, reason: String) -> Bool {
        guard let job = take(leased) else { return false }
        deadLetters.append(
            MemoryDeadLetter(id: leased.id, payload: job.payload, attempts: job.attempt, reason: reason)
        )
        deadLetterBytes += job.payload.count
        while deadLetters.count > limits.maxDeadLetters || deadLetterBytes > limits.maxDeadLetterBytes {
            guard let oldest = deadLetters.popFirst() else { break }
            deadLetterBytes -= oldest.payload.count
        }
        return true
    }

    mutating func delay(_ leased: LeasedJob, until instant: Instant) -> Bool {
        guard let id = current(leased), var job = jobs[id] else { return false }
        if job.phase == .leased { leasedCount -= 1 }
        job.phase = .delayed
        mark(&job, id: id, until: instant)
        jobs[id] = job
        return true
    }

    mutating func extendLease(of leased: LeasedJob, now: Instant) -> Bool {
        guard let id = current(leased), var job = jobs[id], job.phase != .delayed else { return false }
        if job.phase == .ready {
            // The lease ended, but nobody else took the job yet.
            job.phase = .leased
            leasedCount += 1
        }
        mark(&job, id: id, until: now.advanced(by: limits.lease))
        jobs[id] = job
        return true
    }

    mutating func depth(now: Instant) -> JobQueueDepth {
        promote(now: now)
        return JobQueueDepth(
            waiting: jobs.count - leasedCount,
            leased: leasedCount,
            deadLettered: deadLetters.count
        )
    }

    /// Puts jobs whose lease or delay ended back into the line.
    private mutating func promote(now: Instant) {
        while let mark = marks.min, mark.instant <= now {
            marks.removeMin()
            guard var job = jobs[mark.id], job.generation == mark.generation else { continue }
            if job.phase == .leased { leasedCount -= 1 }
            job.phase = .ready
            jobs[mark.id] = job
            line.append((mark.id, job.generation))
        }
    }

    private mutating func mark(_ job: inout Job, id: UInt64, until instant: Instant) {
        job.generation += 1
        marks.insert(Mark(instant: instant, id: id, generation: job.generation))
    }

    /// The id of a job if this lease is its latest and it was not given back.
    private func current(_ leased: LeasedJob) -> UInt64? {
        guard let id = UInt64(leased.id), let job = jobs[id], job.attempt == leased.attempt, job.phase != .delayed
        else { return nil }
        return leased.receipt == String(job.attempt) ? id : nil
    }

    private mutating func take(_ leased: LeasedJob) -> Job? {
        guard let id = current(leased), let job = jobs.removeValue(forKey: id) else { return nil }
        if job.phase == .leased { leasedCount -= 1 }
        bytes -= job.payload.count
        return job
    }
}
