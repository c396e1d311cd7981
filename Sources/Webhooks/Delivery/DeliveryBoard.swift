import ServerCore
import Synchronization

/// Hands jobs from the receiver to the workers.
///
/// Threading: any task.
final class DeliveryBoard: Sendable {
    /// A delivery under way.
    private struct Delivery {
        var work: DeliveryWork
        /// When its lease was last known to begin, in milliseconds of the wall clock.
        var leasedMilliseconds: Int64
        /// Is given when the lease that is being prolonged was.
        var prolonging: OneShotSignal?
    }

    private struct State {
        var schedule: DeliverySchedule
        var idleWorkers: [OneShotSignal] = []
        /// The receiver, when it waits for room or for a change.
        var receiver: OneShotSignal?
        /// Jobs whose delivery was broken off.
        var abandoned: [DeliveryWork] = []
        /// What is being delivered, by the job's id.
        var delivering: [String: Delivery] = [:]
        /// Destinations whose order was interrupted since the receiver last asked for jobs.
        var interrupted: Set<WebhookDestination> = []
        /// Deliveries that were made and of which the queue is being told.
        var settling = 0

        var isEmpty: Bool { schedule.isEmpty && settling == 0 }
    }

    private let state: Mutex<State>

    init(schedule: DeliverySchedule) {
        state = Mutex(State(schedule: schedule))
    }

    /// Whether nothing waits, is delivered or is settled here.
    var isEmpty: Bool {
        state.withLock { $0.isEmpty }
    }

    /// Jobs that can be received now.
    var room: Int {
        state.withLock { $0.schedule.room }
    }

    /// Takes a job in, or refuses it because its destination has too many here.
    func offer(_ work: DeliveryWork) -> Bool {
        let (isTaken, worker) = state.withLock { state in
            guard state.schedule.offer(work) else { return (false, OneShotSignal?.none) }
            return (true, state.idleWorkers.popLast())
        }
        worker?.signal()
        return isTaken
    }

    /// Waits for the next job of the caller; `nil` when its task is cancelled.
    func next() async -> DeliveryWork? {
        while !Task.isCancelled {
            let signal = OneShotSignal()
            let (work, other) = state.withLock { state -> (DeliveryWork?, OneShotSignal?) in
                guard let work = state.schedule.next() else {
                    state.idleWorkers.append(signal)
                    return (nil, nil)
                }
                state.delivering[work.lease.id] = Delivery(
                    work: work,
                    leasedMilliseconds: work.receivedMilliseconds
                )
                // One finished delivery can free more than one place, so whoever gets one passes the word on.
                return (work, state.schedule.hasWaiting ? state.idleWorkers.popLast() : nil)
            }
            other?.signal()
            if let work { return work }
            await signal.wait()
        }
        return nil
    }

    /// Ends a delivery.
    func finish(_ work: DeliveryWork, isHealthy: Bool?) {
        let signals = state.withLock { state in
            state.schedule.finish(work, isHealthy: isHealthy)
            defer { state.receiver = nil }
            return [state.idleWorkers.popLast(), state.receiver].compactMap(\.self)
        }
        for signal in signals {
            signal.signal()
        }
    }

    /// Ends a delivery that was made, before the queue was told: the next job of the destination need not wait for that.
    func beginSettling(_ work: DeliveryWork) {
        state.withLock { $0.settling += 1 }
        finish(work, isHealthy: true)
    }

    /// Notes that the queue was told.
    func endSettling() {
        let receiver = state.withLock { state in
            state.settling -= 1
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?.signal()
    }

    /// Ends a delivery that was broken off by the shutdown.
    func abandon(_ work: DeliveryWork) {
        state.withLock { $0.abandoned.append(work) }
        finish(work, isHealthy: nil)
    }

    /// Tells that jobs are asked for now: what comes is behind nothing that was interrupted before.
    func beginReceiving() {
        state.withLock { $0.interrupted = [] }
    }

    /// Interrupts the order of a destination and takes out what waits for it.
    ///
    /// What the receiver has asked for already is told by ``isInterrupted(_:)``.
    func interrupt(_ destination: WebhookDestination) -> [DeliveryWork] {
        state.withLock { state in
            state.interrupted.insert(destination)
            return state.schedule.removeAll(of: destination)
        }
    }

    /// Whether what is being received for a destination comes behind a job that was not finished.
    func isInterrupted(_ destination: WebhookDestination) -> Bool {
        state.withLock { $0.interrupted.contains(destination) }
    }

    /// Takes the deliveries under way whose lease began at a moment or before, to prolong it.
    ///
    /// Each is not settled before its signal is given.
    func beginProlonging(leasedBefore moment: Int64) -> [(work: DeliveryWork, isDone: OneShotSignal)] {
        state.withLock { state in
            let due = state.delivering.values.filter { $0.leasedMilliseconds <= moment && $0.prolonging == nil }
            return due.map { delivery in
                let signal = OneShotSignal()
                state.delivering[delivery.work.lease.id]?.prolonging = signal
                return (delivery.work, signal)
            }
        }
    }

    /// Notes that a lease was prolonged, and from when on it counts anew if the queue agreed.
    func endProlonging(_ work: DeliveryWork, from moment: Int64?) {
        state.withLock { state in
            state.delivering[work.lease.id]?.prolonging = nil
            if let moment { state.delivering[work.lease.id]?.leasedMilliseconds = moment }
        }
    }

    /// Ends the care for the lease of a delivery, which is to be settled now: prolonging it later would undo that.
    func endKeeping(_ work: DeliveryWork) async {
        let signal = state.withLock { $0.delivering.removeValue(forKey: work.lease.id)?.prolonging }
        await signal?.wait()
    }

    /// Waits until jobs can be received and says how many; for one task at a time.
    func waitForRoom() async -> Int {
        while !Task.isCancelled {
            let room = state.withLock { $0.schedule.room }
            if room > 0 { return room }
            await waitForChange { $0.schedule.room == 0 }
        }
        return 0
    }

    /// Waits until a delivery ends, unless there is none; for one task at a time.
    func waitForFinish() async {
        await waitForChange { !$0.isEmpty }
    }

    /// Takes out everything that waits or was broken off.
    func removeAll() -> [DeliveryWork] {
        state.withLock { state in
            defer { state.abandoned = [] }
            return state.schedule.removeAll() + state.abandoned
        }
    }

    private func waitForChange(while condition: (State) -> Bool) async {
        let signal = OneShotSignal()
        let mustWait = state.withLock { state in
            guard condition(state) else { return false }
            state.receiver = signal
            return true
        }
        if mustWait { await signal.wait() }
    }
}
