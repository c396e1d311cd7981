package import ServerCore
import Synchronization

/// A job queue in Redis that all nodes share: at least once, with leases, delayed retries and dead letters.
///
/// All its keys are in one slot and every transition is one script, so that a job is never in two places or in none.
/// Redis's clock decides when leases and delays end. Redis acknowledges before its replicas have: a failover may bring
/// the last jobs back or lose the last ones. An identity is never used twice, so that a settlement which comes late
/// cannot hit another job.
package final class RedisJobQueue: JobQueue {
    /// How long a call waits for a Redis that is away.
    private static let patience = Duration.seconds(5)
    /// Jobs and bytes that one script call takes, so that Redis serves others in between.
    private static let maxEnqueuedJobs = 256
    private static let maxEnqueuedBytes = 4 << 20

    private let client: any RedisClient
    private let configuration: RedisJobQueueConfiguration
    private let keys: [String]
    private let identities: JobIdentities
    private let waiters = Mutex<[OneShotSignal]>([])

    /// Opens a queue.
    package init(client: any RedisClient, configuration: RedisJobQueueConfiguration = RedisJobQueueConfiguration()) {
        self.client = client
        self.configuration = configuration
        identities = JobIdentities()
        keys = ["jobs", "attempts", "ready", "delayed", "leased", "dead", "buried", "reasons"].map {
            "\(configuration.prefix):{\(configuration.name)}:\($0)"
        }
    }

    package var lease: Duration { configuration.lease }

    package func enqueue(_ payloads: [[UInt8]]) async throws(BackendError) {
        // Chosen once for all tries, which makes a repeated call harmless.
        var arguments: [[UInt8]] = []
        var bytes = 0
        for payload in payloads {
            arguments.append(Array(identities.next().utf8))
            arguments.append(payload)
            bytes += payload.count
            if arguments.count >= 2 * Self.maxEnqueuedJobs || bytes >= Self.maxEnqueuedBytes {
                try await put(arguments)
                arguments = []
                bytes = 0
            }
        }
        if !arguments.isEmpty { try await put(arguments) }
    }

    package func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob] {
        let deadline = ContinuousClock.now + waiting
        while !Task.isCancelled {
            // Before the look, so that a job that comes after it is not missed.
            let waiter = OneShotSignal()
            waiters.withLock { $0.append(waiter) }
            let claim: RedisJobClaim
            do throws(BackendError) {
                claim = try await self.claim(max)
            } catch {
                leave(waiter)
                throw error
            }
            let rest = ContinuousClock.now.duration(to: deadline)
            if !claim.jobs.isEmpty || rest <= .zero {
                leave(waiter)
                if claim.hasMore { wakeOne() }
                return claim.jobs
            }
            await wait(for: waiter, atMost: min(rest, configuration.pollInterval, claim.due ?? rest))
            leave(waiter)
        }
        return []
    }

    package func acknowledge(_ job: LeasedJob) async throws(BackendError) {
        try await settle(job, by: RedisJobScripts.acknowledge)
    }

    package func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError) {
        try await settle(job, by: RedisJobScripts.retry, "\(delay.wholeMilliseconds)")
        // The job may be due before what receivers sleep for.
        wakeOne()
    }

    package func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError) {
        try await settle(job, by: RedisJobScripts.bury, reason, "\(configuration.maxDeadLetters)")
    }

    package func extendLease(of job: LeasedJob) async throws(BackendError) {
        try await settle(job, by: RedisJobScripts.extend, "\(lease.wholeMilliseconds)")
    }

    package func depth() async throws(BackendError) -> JobQueueDepth {
        let reply = try await call(RedisJobScripts.depth, [], isRepeatable: true, patience: Self.patience)
        guard let counts = reply.elements?.compactMap(\.integer), counts.count == 3 else { throw Self.malformed }
        return JobQueueDepth(waiting: Int(counts[0]), leased: Int(counts[1]), deadLettered: Int(counts[2]))
    }

    package func checkHealth() async throws(BackendError) {
        _ = try await call(RedisJobScripts.depth, [], isRepeatable: true, patience: .zero)
    }

    /// The oldest dead letters.
    package func deadLetters(max: Int) async throws(BackendError) -> [RedisDeadLetter] {
        let reply = try await call(
            RedisJobScripts.deadLetters,
            [Array("\(max)".utf8)],
            isRepeatable: true,
            patience: Self.patience
        )
        guard let parts = reply.elements, parts.count.isMultiple(of: 3) else { throw Self.malformed }
        return stride(from: 0, to: parts.count, by: 3).map { index in
            RedisDeadLetter(
                id: parts[index].text ?? "",
                payload: parts[index + 1].bytes ?? [],
                reason: parts[index + 2].text ?? ""
            )
        }
    }

    private static var malformed: BackendError {
        BackendError(.malformed, "redis: the queue's answer is not of the expected form")
    }

    private func put(_ arguments: [[UInt8]]) async throws(BackendError) {
        _ = try await call(RedisJobScripts.enqueue, arguments, isRepeatable: true, patience: Self.patience)
        for _ in 0..<(arguments.count / 2) where !wakeOne() { return }
    }

    private func claim(_ max: Int) async throws(BackendError) -> RedisJobClaim {
        let arguments = ["\(max)", "\(lease.wholeMilliseconds)", "\(configuration.maxReceivedBytes)"]
        let reply = try await call(
            RedisJobScripts.claim,
            arguments.map { Array($0.utf8) },
            isRepeatable: false,
            patience: Self.patience
        )
        guard let claim = RedisJobClaim(reply) else { throw Self.malformed }
        return claim
    }

    private func settle(_ job: LeasedJob, by script: RedisScript, _ arguments: String...) async throws(BackendError) {
        let arguments = ([job.id, job.receipt] + arguments).map { Array($0.utf8) }
        // Not repeatable: a second try would report a conflict where the first one was done.
        let reply = try await call(script, arguments, isRepeatable: false, patience: Self.patience)
        guard reply.integer == 1 else {
            throw BackendError(.conflict, "the lease of job \(job.id) has ended")
        }
    }

    private func call(
        _ script: RedisScript,
        _ arguments: [[UInt8]],
        isRepeatable: Bool,
        patience: Duration
    ) async throws(BackendError) -> RESPValue {
        var call = RedisScript.Call(keys: keys, arguments: arguments)
        call.isRepeatable = isRepeatable
        // A claim or settlement whose answer nobody reads would leave a job to its lease.
        call.outlivesCancellation = true
        let sent = call
        return try await backend { () throws(RedisError) in
            try await script.run(sent, on: client, patience: patience)
        }
    }

    private func wait(for waiter: OneShotSignal, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                } catch {
                    // Cancelled: somebody signalled, or the receiver itself was cancelled.
                }
                waiter.signal()
            }
            await waiter.wait()
            group.cancelAll()
        }
    }

    /// Wakes the receiver that waits longest and says whether there was one.
    @discardableResult
    private func wakeOne() -> Bool {
        let waiter = waiters.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        waiter?.signal()
        return waiter != nil
    }

    private func leave(_ waiter: OneShotSignal) {
        waiters.withLock { waiters in
            waiters.removeAll { $0 === waiter }
        }
    }
}
