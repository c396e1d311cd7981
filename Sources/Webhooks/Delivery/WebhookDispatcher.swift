import CoreMetrics
package import CurlHTTP
import Logging
package import ServerCore
import ServiceLifecycle
import Synchronization

/// Takes jobs from the queue and delivers them, fairly among webhooks.
///
/// A job is acknowledged when its endpoint answered with 2xx. Otherwise it goes back to the queue with a growing
/// pause, until its time is over and it becomes a dead letter. On graceful shutdown the dispatcher finishes what it can
/// within `drainTimeout` and gives the rest back.
package final class WebhookDispatcher: Service {
    private static let receiveWait = Duration.seconds(20)
    private static let maxReceived = 64
    private static let errorPause = Duration.seconds(1)
    private static let drainPause = Duration.milliseconds(250)
    private static let depthInterval = Duration.seconds(10)

    private let queue: any JobQueue
    private let sender: WebhookSender
    private let settler: JobSettler
    private let configuration: WebhookConfiguration
    private let environment: WebhookEnvironment
    private let board: DeliveryBoard
    private let oldest = OldestJob()
    private let gate = LogGate()

    /// Makes a dispatcher; the transport must allow `maxDeliveries` transfers, also to one host.
    ///
    /// Without `lambda`, webhooks that invoke functions are given up.
    package init(
        queue: any JobQueue,
        apps: any AppManager,
        transport: any HTTPTransport,
        lambda: (any LambdaInvoker)? = nil,
        configuration: WebhookConfiguration,
        environment: WebhookEnvironment
    ) {
        self.queue = queue
        self.configuration = configuration
        self.environment = environment
        sender = WebhookSender(
            apps: apps,
            transport: transport,
            configuration: configuration,
            lambda: lambda
        )
        settler = JobSettler(queue: queue, configuration: configuration, environment: environment)
        board = DeliveryBoard(
            schedule: DeliverySchedule(
                maxDeliveries: configuration.maxDeliveries,
                maxPerDestination: queue.keepsOrder ? 1 : configuration.deliveriesPerWebhook
            )
        )
    }

    /// Works until the task is cancelled or shut down gracefully.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<configuration.maxDeliveries {
                group.addTask { await self.work() }
            }
            group.addTask { await self.reportDepth() }
            group.addTask { await self.keepLeases() }
            await cancelWhenGracefulShutdown { await self.receive() }
            await race {
                await self.drain()
            } with: {
                await self.pause(self.configuration.drainTimeout)
            }
            group.cancelAll()
        }
        let rest = board.removeAll()
        for work in rest {
            await settler.release(work)
        }
        if !rest.isEmpty {
            environment.logger.warning(
                "webhook deliveries were given back to the queue",
                metadata: .init([.count: "\(rest.count)"])
            )
        }
    }

    /// Receives until the task is cancelled or the queue is closed.
    private func receive() async {
        while !Task.isCancelled {
            let room = min(await board.waitForRoom(), Self.maxReceived)
            guard room > 0 else { return }
            board.beginReceiving()
            do throws(BackendError) {
                for lease in try await queue.receive(max: room, waiting: Self.receiveWait) {
                    await accept(lease)
                }
            } catch {
                guard error.code != .closed else { return }
                logReceiveFailure(error)
                await pause(Self.errorPause)
            }
        }
    }

    /// Finishes what is held, and with `drainsQueue` what is queued, for as long as the task is not cancelled.
    private func drain() async {
        while !Task.isCancelled {
            // Before the count: what finishes after it is not in it.
            let isIdle = board.isEmpty
            if configuration.drainsQueue {
                do throws(BackendError) {
                    if try await receiveForDraining() { continue }
                    let depth = try await queue.depth()
                    if depth.waiting + depth.leased == 0 { return }
                } catch {
                    if isIdle { return }
                }
            } else if isIdle {
                return
            }
            await race {
                await self.pause(Self.drainPause)
            } with: {
                // Nothing is under way, so what is queued is not due yet.
                if isIdle { await self.pause(Self.drainPause) } else { await self.board.waitForFinish() }
            }
        }
    }

    /// Takes in what is due and fits, and says whether that was anything.
    private func receiveForDraining() async throws(BackendError) -> Bool {
        let room = min(board.room, Self.maxReceived)
        guard room > 0 else { return false }
        board.beginReceiving()
        let leases = try await queue.receive(max: room, waiting: .zero)
        for lease in leases {
            await accept(lease)
        }
        return !leases.isEmpty
    }

    private func accept(_ lease: LeasedJob) async {
        environment.metrics.claimed.increment()
        guard let job = WebhookJob(decoding: lease.payload) else {
            await settler.discardMalformed(lease)
            return
        }
        let now = environment.wallClock.now()
        let age = max(0, now - job.timeMilliseconds)
        environment.metrics.jobAge.recordNanoseconds(age * 1_000_000)
        oldest.received(age: age, at: now)
        let work = DeliveryWork(lease: lease, job: job, receivedMilliseconds: now)
        if queue.keepsOrder, board.isInterrupted(job.destination) {
            await settler.giveBack(work)
        } else if !board.offer(work) {
            if queue.keepsOrder { _ = board.interrupt(job.destination) }
            await settler.park(work)
        }
    }

    private func work() async {
        while let work = await board.next() {
            guard await settler.holds(work) else {
                await board.endKeeping(work)
                await giveBackFollowers(of: work)
                board.finish(work, isHealthy: nil)
                continue
            }
            let start = ContinuousClock.now
            let outcome = await sender.send(work.job)
            await board.endKeeping(work)
            if case .cancelled = outcome {
                board.abandon(work)
                continue
            }
            let duration = ContinuousClock.now - start
            if case .delivered = outcome {
                board.beginSettling(work)
                await settler.settle(work, outcome, duration: duration)
                board.endSettling()
                continue
            }
            await settler.settle(work, outcome, duration: duration)
            if !outcome.endsJob { await giveBackFollowers(of: work) }
            board.finish(work, isHealthy: outcome.isHealthy)
        }
    }

    /// Keeps the order behind a job that was not finished, where the queue has one.
    private func giveBackFollowers(of work: DeliveryWork) async {
        guard queue.keepsOrder else { return }
        for follower in board.interrupt(work.job.destination) {
            await settler.giveBack(follower)
        }
    }

    /// Prolongs the leases of deliveries that take long.
    private func keepLeases() async {
        while !Task.isCancelled {
            await pause(queue.lease / 4)
            let now = environment.wallClock.now()
            for (work, isDone) in board.beginProlonging(leasedBefore: now - (queue.lease / 2).milliseconds) {
                let isRenewed = await settler.prolong(work)
                board.endProlonging(work, from: isRenewed ? now : nil)
                isDone.signal()
            }
        }
    }

    private func reportDepth() async {
        while !Task.isCancelled {
            do throws(BackendError) {
                let depth = try await queue.depth()
                environment.metrics.waitingDepth.record(depth.waiting)
                environment.metrics.leasedDepth.record(depth.leased)
                environment.metrics.deadLetterDepth.record(depth.deadLettered)
                let age = oldest.age(whileWaiting: depth.waiting, at: environment.wallClock.now())
                environment.metrics.oldestAge.record(Double(age) / 1000)
            } catch {
                environment.logger.debug(
                    "the depth of the job queue is unknown",
                    metadata: .init([.errorMessage: "\(error)"])
                )
            }
            await pause(Self.depthInterval)
        }
    }

    private func logReceiveFailure(_ error: BackendError) {
        guard let count = gate.admit() else { return }
        environment.logger.warning(
            "no jobs could be received",
            metadata: .init([.errorCode: "\(error.code.rawValue)", .errorMessage: "\(error)", .count: "\(count)"])
        )
    }

    private func pause(_ duration: Duration) async {
        do {
            try await environment.clock.sleep(for: duration)
        } catch {
            // Cancelled: whoever called looks at its task.
        }
    }
}

extension WebhookSender.Outcome {
    /// Whether the job will not come again.
    fileprivate var endsJob: Bool {
        switch self {
        case .delivered, .hopeless: true
        case .refused, .failed, .postponed, .cancelled: false
        }
    }

    /// Whether the endpoint behaved well; `nil` if it was not asked.
    fileprivate var isHealthy: Bool? {
        switch self {
        case .delivered: true
        case .refused, .failed: false
        case .postponed, .hopeless, .cancelled: nil
        }
    }
}
