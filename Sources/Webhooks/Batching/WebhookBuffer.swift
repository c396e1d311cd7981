import CoreMetrics
import DequeModule
package import Logging
package import ServerCore
import Synchronization

/// Takes events from the hub and keeps them until the batcher comes: bounded, first in, first out.
///
/// A full buffer drops the new event, counts it and says so in the log now and then.
///
/// Threading: any thread; `emit` holds one short lock and never waits. One task takes.
package final class WebhookBuffer: WebhookSink {
    /// An event with the time at which it happened.
    struct Entry: Sendable, Equatable {
        var event: WebhookEvent
        var milliseconds: Int64
        /// Told when the event is in the job queue, or given up.
        var whenQueued: (@Sendable () -> Void)?

        static func == (left: Entry, right: Entry) -> Bool {
            left.event == right.event && left.milliseconds == right.milliseconds
        }
    }

    private struct State {
        var entries: Deque<Entry> = []
        var bytes = 0
        /// Who waits, and for how many entries.
        var waiter: (count: Int, signal: OneShotSignal)?
        var isFinished = false
    }

    private let state = Mutex(State())
    private let maxEvents: Int
    private let maxBytes: Int
    private let wallClock: WallClock
    private let metrics: WebhookMetrics
    private let logger: Logger
    private let gate = LogGate()

    /// Makes an empty buffer.
    package init(
        configuration: WebhookConfiguration,
        metrics: WebhookMetrics,
        logger: Logger,
        wallClock: WallClock = .system
    ) {
        maxEvents = configuration.maxBufferedEvents
        maxBytes = configuration.maxBufferedBytes
        self.metrics = metrics
        self.logger = logger
        self.wallClock = wallClock
    }

    package func emit(_ event: WebhookEvent) {
        _ = take(Entry(event: event, milliseconds: wallClock.now()))
    }

    package func emit(_ event: WebhookEvent, whenQueued: @escaping @Sendable () -> Void) -> Bool {
        take(Entry(event: event, milliseconds: wallClock.now(), whenQueued: whenQueued))
    }

    private func take(_ entry: Entry) -> Bool {
        let event = entry.event
        let bytes = event.approximateBytes
        let (isTaken, signal) = state.withLock { state -> (Bool, OneShotSignal?) in
            guard !state.isFinished, state.entries.count < maxEvents, bytes <= maxBytes - state.bytes else {
                return (false, nil)
            }
            state.entries.append(entry)
            state.bytes += bytes
            guard let waiter = state.waiter, state.entries.count >= waiter.count else { return (true, nil) }
            state.waiter = nil
            return (true, waiter.signal)
        }
        signal?.signal()
        if isTaken {
            metrics.app(event.appID).events.increment()
        } else {
            drop(appID: event.appID)
        }
        return isTaken
    }

    /// Ends the intake: later events are dropped, waiting ends.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.signal.signal()
    }

    var isFinished: Bool {
        state.withLock { $0.isFinished }
    }

    /// Waits until so many events are there, the intake ends or the task is cancelled; for one task at a time.
    func wait(for count: Int) async {
        let signal = OneShotSignal()
        let isDone = state.withLock { state in
            if state.isFinished || state.entries.count >= count { return true }
            state.waiter = (count, signal)
            return false
        }
        if !isDone { await signal.wait() }
    }

    /// Waits until the intake ends or the task is cancelled; for the same one task.
    func waitUntilFinished() async {
        await wait(for: Int.max)
    }

    /// Takes the oldest events.
    func take(max: Int) -> [Entry] {
        state.withLock { state in
            let taken = Array(state.entries.prefix(max))
            state.entries.removeFirst(taken.count)
            state.bytes -= taken.reduce(0) { $0 + $1.event.approximateBytes }
            return taken
        }
    }

    private func drop(appID: String) {
        metrics.app(appID).dropped.increment()
        if let count = gate.admit() {
            logger.warning(
                "webhook events dropped, the buffer is full or closed",
                metadata: .init([.appID: "\(appID)", .count: "\(count)"])
            )
        }
    }
}

extension WebhookEvent {
    /// The memory that an event takes, roughly.
    var approximateBytes: Int {
        let content =
            switch content {
            case .memberAdded(let userID), .memberRemoved(let userID): userID.utf8.count
            case .clientEvent(let name, let data, let socketID, let userID):
                name.utf8.count + data.utf8.count + socketID.utf8.count + (userID?.utf8.count ?? 0)
            case .channelOccupied, .channelVacated, .cacheMiss, .subscriptionCount: 0
            }
        return 128 + appID.utf8.count + channel.utf8.count + content
    }
}
