import CoreMetrics
import Logging
package import ServerCore
import ServiceLifecycle
import Synchronization

/// Moves events from the buffer to the job queue, in batches.
///
/// A full or unreachable queue holds the batcher up, so that the buffer fills and then drops; nothing here grows.
/// On graceful shutdown everything buffered goes to the queue before `run` returns.
package final class WebhookBatcher: Service {
    /// The events that are taken from the buffer at once.
    private static let maxTaken = 1_000
    /// The jobs that one call puts into the queue.
    private static let maxEnqueued = 100
    private static let retryPause = Duration.seconds(1)

    private let buffer: WebhookBuffer
    private let router: WebhookRouter
    private let queue: any JobQueue
    private let configuration: WebhookConfiguration
    private let metrics: WebhookMetrics
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let wallClock: WallClock
    private let gate = LogGate()
    /// The pauses that are left once the intake has ended.
    private let lastPauses: Allowance

    /// Makes a batcher; it is the only one that takes from the buffer.
    package init(
        buffer: WebhookBuffer,
        apps: any AppManager,
        queue: any JobQueue,
        configuration: WebhookConfiguration,
        environment: WebhookEnvironment
    ) {
        self.buffer = buffer
        self.queue = queue
        self.configuration = configuration
        lastPauses = Allowance(Int(configuration.drainTimeout / 2 / Self.retryPause))
        router = WebhookRouter(apps: apps, batching: configuration.batching)
        metrics = environment.metrics
        logger = environment.logger
        clock = environment.clock
        wallClock = environment.wallClock
    }

    /// Works until the task is cancelled or shut down gracefully.
    package func run() async {
        await withGracefulShutdownHandler {
            var unresolved: [WebhookBuffer.Entry] = []
            while !Task.isCancelled {
                await waitForEvents(hasUnresolved: !unresolved.isEmpty)
                let isLast = buffer.isFinished
                let taken = buffer.take(max: Self.maxTaken)
                unresolved = await process(unresolved + taken)
                if isLast, taken.count < Self.maxTaken { break }
            }
            drop(unresolved, reason: "their app could not be looked up")
        } onGracefulShutdown: {
            self.buffer.finish()
        }
    }

    private func waitForEvents(hasUnresolved: Bool) async {
        if hasUnresolved {
            await race {
                await self.pause(Self.retryPause)
            } with: {
                await self.buffer.wait(for: self.configuration.batching.size)
            }
            return
        }
        await buffer.wait(for: 1)
        guard configuration.batching.isEnabled, configuration.batching.duration > .zero else { return }
        await race {
            await self.pause(self.configuration.batching.duration)
        } with: {
            await self.buffer.wait(for: self.configuration.batching.size)
        }
    }

    /// Routes and enqueues; returns the events whose app could not be looked up and that are young enough to try again.
    private func process(_ entries: [WebhookBuffer.Entry]) async -> [WebhookBuffer.Entry] {
        guard !entries.isEmpty else { return [] }
        let routing = await router.route(entries)
        for (appID, count) in routing.orphans {
            metrics.app(appID).dropped.increment(by: count)
            logger.warning(
                "webhook events dropped, their app does not exist",
                metadata: .init([.appID: "\(appID)", .count: "\(count)"])
            )
        }
        if let error = routing.error, let count = gate.admit() {
            logger.warning(
                "an app could not be looked up for its webhooks",
                metadata: .init([.errorMessage: "\(error)", .count: "\(count)"])
            )
        }
        var start = 0
        while start < routing.jobs.count {
            let end = min(start + Self.maxEnqueued, routing.jobs.count)
            await enqueue(Array(routing.jobs[start..<end]))
            start = end
        }
        let unresolved = Set(routing.unresolved.map(\.event.appID))
        for entry in entries where !unresolved.contains(entry.event.appID) {
            entry.whenQueued?()
        }
        return bounded(routing.unresolved)
    }

    /// Enqueues, as often as it takes; gives up on cancellation, when the queue refuses for good, or when it still does
    /// not take anything half the drain timeout after the intake ended.
    private func enqueue(_ jobs: [WebhookJob]) async {
        while true {
            do throws(BackendError) {
                try await queue.enqueue(jobs.map(\.encoded))
                return
            } catch {
                if let count = gate.admit() {
                    logger.warning(
                        "the job queue does not take webhooks",
                        metadata: .init([
                            .errorCode: "\(error.code.rawValue)", .errorMessage: "\(error)", .count: "\(count)",
                        ])
                    )
                }
                let mayHelp = error.code == .unavailable || error.code == .capacityExceeded || error.code == .conflict
                guard mayHelp, !Task.isCancelled, !buffer.isFinished || lastPauses.take() else {
                    for job in jobs {
                        metrics.app(job.destination.appID).dropped.increment(by: job.eventCount)
                    }
                    return
                }
                await pauseBeforeRetry()
            }
        }
    }

    private func pauseBeforeRetry() async {
        guard !buffer.isFinished else { return await pause(Self.retryPause) }
        await race {
            await self.pause(Self.retryPause)
        } with: {
            await self.buffer.waitUntilFinished()
        }
    }

    private func bounded(_ unresolved: [WebhookBuffer.Entry]) -> [WebhookBuffer.Entry] {
        let oldest = wallClock.now() - configuration.retry.maxElapsed.milliseconds
        let young = unresolved.filter { $0.milliseconds >= oldest }
        let kept = Array(young.suffix(configuration.maxBufferedEvents))
        drop(unresolved.filter { $0.milliseconds < oldest } + young.dropLast(kept.count), reason: "lookups fail")
        return kept
    }

    private func drop(_ entries: [WebhookBuffer.Entry], reason: String) {
        guard !entries.isEmpty else { return }
        for entry in entries {
            metrics.app(entry.event.appID).dropped.increment()
            entry.whenQueued?()
        }
        logger.error(
            "webhook events dropped",
            metadata: .init([.reason: "\(reason)", .count: "\(entries.count)"])
        )
    }

    private func pause(_ duration: Duration) async {
        do {
            try await clock.sleep(for: duration)
        } catch {
            // Cancelled: the other side of the race was first, or the service ends.
        }
    }
}

/// A number of times that something may be done.
private final class Allowance: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) {
        left = Mutex(count)
    }

    /// Takes one, if there is one.
    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}

/// Runs two operations until one of them ends, and cancels the other.
func race(
    _ first: @escaping @Sendable () async -> Void,
    with second: @escaping @Sendable () async -> Void
) async {
    await withTaskGroup(of: Void.self) { group in
        group.addTask(operation: first)
        group.addTask(operation: second)
        await group.next()
        group.cancelAll()
    }
}
