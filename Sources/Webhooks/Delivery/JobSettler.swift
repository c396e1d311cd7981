import CoreMetrics
import Logging
import ServerCore
import Synchronization

/// Tells the queue what became of a job, and counts and logs it.
///
/// A failure of the queue itself is logged only: the lease then ends and the job comes again.
final class JobSettler: Sendable {
    /// Jobs whose hand-backs are remembered; beyond, hand-backs count as tries.
    private static let maxParked = 100_000
    private static let maxParkPause = Duration.seconds(30)

    private let queue: any JobQueue
    private let configuration: WebhookConfiguration
    private let environment: WebhookEnvironment
    private let gate = LogGate()
    /// How often a job went back untried, which the queue counts as an attempt.
    private let parks = Mutex<[String: Int]>([:])

    init(queue: any JobQueue, configuration: WebhookConfiguration, environment: WebhookEnvironment) {
        self.queue = queue
        self.configuration = configuration
        self.environment = environment
    }

    /// Makes sure that a job which waited here is still ours.
    func holds(_ work: DeliveryWork) async -> Bool {
        let waited = environment.wallClock.now() - work.receivedMilliseconds
        guard waited > (queue.lease / 2).milliseconds else { return true }
        return await prolong(work)
    }

    /// Settles a job after a try.
    func settle(_ work: DeliveryWork, _ outcome: WebhookSender.Outcome, duration: Duration) async {
        let metrics = environment.metrics.app(work.job.destination.appID)
        environment.metrics.processing.recordNanoseconds(duration.nanoseconds)
        switch outcome {
        case .delivered:
            metrics.delivered.increment()
            metrics.seconds.recordNanoseconds(duration.nanoseconds)
            environment.metrics.acknowledged.increment()
            forget(work.lease)
            await perform(work.lease) { lease throws(BackendError) in try await self.queue.acknowledge(lease) }
        case .refused(let status, let policy):
            metrics.refused.increment()
            metrics.seconds.recordNanoseconds(duration.nanoseconds)
            await retry(work, policy, reason: "HTTP status \(status)")
        case .failed(let reason, let policy):
            metrics.failed.increment()
            await retry(work, policy, reason: reason)
        case .postponed(let reason, let policy):
            await retry(work, policy, reason: reason)
        case .hopeless(let reason):
            await giveUp(work, reason: reason)
        case .cancelled:
            await release(work)
        }
    }

    /// Gives a job back untried because its destination has too many here.
    func park(_ work: DeliveryWork) async {
        guard elapsed(work) < configuration.retry.maxElapsed else {
            await giveUp(work, reason: "the endpoint is too slow for its webhooks")
            return
        }
        let count = parks.withLock { parks -> Int in
            guard parks.count < Self.maxParked || parks[work.lease.id] != nil else { return 1 }
            parks[work.lease.id, default: 0] += 1
            return parks[work.lease.id] ?? 1
        }
        let longest = min(Self.maxParkPause, .seconds(1) * (1 << min(10, count - 1)))
        let pause = longest * (0.5 + environment.jitter() / 2)
        await perform(work.lease) { lease throws(BackendError) in try await self.queue.retry(lease, after: pause) }
    }

    /// Gives a job back untried because one before it was not finished; the queue holds it up behind that one.
    func giveBack(_ work: DeliveryWork) async {
        parks.withLock { parks in
            guard parks.count < Self.maxParked || parks[work.lease.id] != nil else { return }
            parks[work.lease.id, default: 0] += 1
        }
        await perform(work.lease) { lease throws(BackendError) in try await self.queue.retry(lease, after: .zero) }
    }

    /// Prolongs the lease of a job that is being delivered, and says whether the queue agreed.
    func prolong(_ work: DeliveryWork) async -> Bool {
        await perform(work.lease) { lease throws(BackendError) in try await self.queue.extendLease(of: lease) }
    }

    /// Gives a job back at once, as on shutdown.
    func release(_ work: DeliveryWork) async {
        forget(work.lease)
        await perform(work.lease) { lease throws(BackendError) in try await self.queue.retry(lease, after: .zero) }
    }

    /// Puts a job aside that is not a webhook.
    func discardMalformed(_ lease: LeasedJob) async {
        environment.metrics.deadLettered.increment()
        environment.logger.error(
            "a job is not a webhook and was put aside",
            metadata: .init([.queueJob: "\(lease.id)"])
        )
        await perform(lease) { lease throws(BackendError) in
            try await self.queue.deadLetter(lease, reason: "the job cannot be decoded")
        }
    }

    private func retry(_ work: DeliveryWork, _ policy: RetryPolicy, reason: String) async {
        let attempt = attempt(of: work.lease)
        let pause = policy.pause(afterAttempt: attempt, elapsed: elapsed(work), jitter: environment.jitter())
        guard let pause else {
            await giveUp(work, reason: reason)
            return
        }
        environment.metrics.app(work.job.destination.appID).retries.increment()
        environment.metrics.retried.increment()
        environment.logger.debug(
            "webhook will be tried again",
            metadata: metadata(work).merging(
                .init([.reason: "\(reason)", .durationMilliseconds: "\(pause.milliseconds)"]),
                uniquingKeysWith: { $1 }
            )
        )
        await perform(work.lease) { lease throws(BackendError) in try await self.queue.retry(lease, after: pause) }
    }

    private func giveUp(_ work: DeliveryWork, reason: String) async {
        environment.metrics.app(work.job.destination.appID).deadLetters.increment()
        environment.metrics.deadLettered.increment()
        environment.logger.error(
            "webhook given up",
            metadata: metadata(work).merging(.init([.reason: "\(reason)"]), uniquingKeysWith: { $1 })
        )
        forget(work.lease)
        await perform(work.lease) { lease throws(BackendError) in
            try await self.queue.deadLetter(lease, reason: reason)
        }
    }

    private func elapsed(_ work: DeliveryWork) -> Duration {
        .milliseconds(max(0, environment.wallClock.now() - work.job.timeMilliseconds))
    }

    private func attempt(of lease: LeasedJob) -> Int {
        max(1, lease.attempt - parks.withLock { $0[lease.id] ?? 0 })
    }

    private func forget(_ lease: LeasedJob) {
        parks.withLock { $0[lease.id] = nil }
    }

    private func metadata(_ work: DeliveryWork) -> Logger.Metadata {
        .init([
            .appID: "\(work.job.destination.appID)",
            .webhookURL: "\(work.job.destination.loggableURL)",
            .queueJob: "\(work.lease.id)",
            .attempt: "\(attempt(of: work.lease))",
        ])
    }

    /// Calls the queue and says whether it agreed.
    @discardableResult
    private func perform(
        _ lease: LeasedJob,
        _ action: (LeasedJob) async throws(BackendError) -> Void
    ) async -> Bool {
        do throws(BackendError) {
            try await action(lease)
            return true
        } catch {
            if let count = gate.admit() {
                environment.logger.warning(
                    "a job could not be settled and may be delivered twice",
                    metadata: .init([
                        .queueJob: "\(lease.id)", .errorCode: "\(error.code.rawValue)", .errorMessage: "\(error)",
                        .count: "\(count)",
                    ])
                )
            }
            return false
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
