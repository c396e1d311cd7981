package import ServerCore
import Synchronization

/// A job queue in this process's memory: bounded, with leases, delayed retries and dead letters.
///
/// Jobs are lost when the process ends. Receivers that wait cost nothing until a job or a deadline comes. The clock is
/// a parameter so that tests decide when leases and delays end.
package final class MemoryJobQueue<C: Clock>: JobQueue where C.Duration == Duration {
    private typealias Table = MemoryJobTable<C.Instant>

    private struct State {
        var table: Table
        /// Those who wait, longest first.
        var waiters: [OneShotSignal] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let clock: C
    private let limits: MemoryJobQueueLimits

    /// Makes an empty queue.
    package init(limits: MemoryJobQueueLimits = MemoryJobQueueLimits(), clock: C) {
        self.limits = limits
        self.clock = clock
        state = Mutex(State(table: Table(limits: limits)))
    }

    package var lease: Duration { limits.lease }

    /// The dead letters that are kept, oldest first.
    package var deadLetters: [MemoryDeadLetter] {
        state.withLock { Array($0.table.deadLetters) }
    }

    /// Refuses further jobs and ends all waiting; what is leased can still be settled.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.signal()
        }
    }

    package func enqueue(_ payloads: [[UInt8]]) async throws(BackendError) {
        let waiters = try state.withLock { state throws(BackendError) in
            try Self.checkOpen(state)
            guard state.table.enqueue(payloads) else {
                throw BackendError(
                    .capacityExceeded,
                    "the memory queue is full; raise its limits or use another driver"
                )
            }
            return Self.takeWaiters(payloads.count, from: &state)
        }
        for waiter in waiters {
            waiter.signal()
        }
    }

    package func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob] {
        let deadline = clock.now.advanced(by: waiting)
        while true {
            let waiter = OneShotSignal()
            let step = try state.withLock { state throws(BackendError) in
                try Self.step(&state, max: max, now: clock.now, deadline: deadline, waiter: waiter)
            }
            switch step {
            case .jobs(let jobs, let next):
                next?.signal()
                return jobs
            case .wait(let instant):
                await wait(for: waiter, until: instant)
                leave(waiter)
                if Task.isCancelled { return [] }
            }
        }
    }

    package func acknowledge(_ job: LeasedJob) async throws(BackendError) {
        try settle(job) { table, _ in table.remove(job) }
    }

    package func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError) {
        try settle(job) { table, now in table.delay(job, until: now.advanced(by: delay)) }
        // The new due time may be earlier than the one that receivers sleep for.
        let waiters = state.withLock { Self.takeWaiters($0.waiters.count, from: &$0) }
        for waiter in waiters {
            waiter.signal()
        }
    }

    package func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError) {
        try settle(job) { table, _ in table.bury(job, reason: reason) }
    }

    package func extendLease(of job: LeasedJob) async throws(BackendError) {
        try settle(job) { table, now in table.extendLease(of: job, now: now) }
    }

    package func depth() async throws(BackendError) -> JobQueueDepth {
        state.withLock { $0.table.depth(now: clock.now) }
    }

    package func checkHealth() async throws(BackendError) {
        try state.withLock { state throws(BackendError) in
            try Self.checkOpen(state)
            guard !state.table.isFull else {
                throw BackendError(
                    .capacityExceeded,
                    "the memory queue is full; raise its limits or use another driver"
                )
            }
        }
    }

    private enum Step {
        /// The receiver is done; if there is more, the next one should look.
        case jobs([LeasedJob], next: OneShotSignal?)
        case wait(until: C.Instant)
    }

    private static func step(
        _ state: inout State,
        max: Int,
        now: C.Instant,
        deadline: C.Instant,
        waiter: OneShotSignal
    ) throws(BackendError) -> Step {
        try checkOpen(state)
        let jobs = state.table.receive(max: max, now: now)
        if !jobs.isEmpty || now >= deadline || Task.isCancelled {
            return .jobs(jobs, next: state.table.hasReady ? takeWaiters(1, from: &state).first : nil)
        }
        state.waiters.append(waiter)
        return .wait(until: Swift.min(deadline, state.table.nextDue ?? deadline))
    }

    private static func checkOpen(_ state: State) throws(BackendError) {
        guard !state.isClosed else { throw BackendError(.closed, "the memory queue is closed") }
    }

    private static func takeWaiters(_ count: Int, from state: inout State) -> [OneShotSignal] {
        let taken = Array(state.waiters.prefix(count))
        state.waiters.removeFirst(taken.count)
        return taken
    }

    private func wait(for waiter: OneShotSignal, until instant: C.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [clock] in
                do {
                    try await clock.sleep(until: instant, tolerance: nil)
                } catch {
                    // Cancelled: somebody signalled, or the receiver itself was cancelled.
                }
                waiter.signal()
            }
            await waiter.wait()
            group.cancelAll()
        }
    }

    /// Takes a receiver out of the line; if a signal meant for it would be lost, it goes to the next.
    private func leave(_ waiter: OneShotSignal) {
        let next = state.withLock { state -> OneShotSignal? in
            state.waiters.removeAll { $0 === waiter }
            guard Task.isCancelled, state.table.hasReady else { return nil }
            return Self.takeWaiters(1, from: &state).first
        }
        next?.signal()
    }

    private func settle(
        _ job: LeasedJob,
        _ action: (inout Table, C.Instant) -> Bool
    ) throws(BackendError) {
        let now = clock.now
        guard state.withLock({ action(&$0.table, now) }) else {
            throw BackendError(.conflict, "the lease of job \(job.id) has ended")
        }
    }
}

extension MemoryJobQueue where C == ContinuousClock {
    /// Makes an empty queue in real time.
    package convenience init(limits: MemoryJobQueueLimits = MemoryJobQueueLimits()) {
        self.init(limits: limits, clock: ContinuousClock())
    }
}
