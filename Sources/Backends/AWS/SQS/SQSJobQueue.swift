import Digest
import Logging
package import ServerCore

/// Keeps jobs in an SQS queue.
///
/// At least once: a job whose acknowledgement is lost comes again. On a FIFO queue, jobs of one group come in order,
/// unless the queue took only a part of a batch, and equal payloads within five minutes are one job. Pauses are whole
/// seconds, rounded up.
package final class SQSJobQueue: JobQueue {
    private let client: SQSClient
    private let configuration: SQSConfiguration
    private let name: String
    private let environment: AWSEnvironment
    private let locator: SQSQueueLocator
    private let deleter: SQSDeleter
    /// Names the message group of a payload.
    private let group: @Sendable ([UInt8]) -> String?

    /// Makes a queue; `group` names the message group of a payload on a FIFO queue.
    package init(
        client: SQSClient,
        configuration: SQSConfiguration,
        environment: AWSEnvironment,
        group: @escaping @Sendable ([UInt8]) -> String? = { _ in nil }
    ) {
        self.client = client
        self.configuration = configuration
        self.name = configuration.queueName
        self.environment = environment
        self.group = group
        locator = SQSQueueLocator(client: client, configuration: configuration)
        // On a FIFO queue nothing more of a group comes until what is in hand was deleted.
        let gathering = Duration.milliseconds(configuration.isFIFO ? 10 : 50)
        deleter = SQSDeleter(client: client, gathering: gathering, environment: environment)
    }

    package var lease: Duration { configuration.visibilityTimeout }

    package var keepsOrder: Bool { configuration.isFIFO }

    /// Finds the queue, or makes it if that is configured; throws what would keep every job from being sent.
    package func prepare() async throws(BackendError) {
        let location = try await mapping { () async throws(AWSError) in try await locator.locate() }
        if location.deadLetterURL == nil {
            environment.logger.warning(
                "the queue has no dead-letter queue: jobs that are given up stay in it until their retention ends",
                metadata: .init([.backendSystem: "sqs", .backendRole: "queue"])
            )
        }
    }

    package func enqueue(_ payloads: [[UInt8]]) async throws(BackendError) {
        let entries = payloads.map(entry)
        try await mapping { () async throws(AWSError) in
            let url = try await locator.locate().url
            var refusal: AWSError?
            for batch in SQSBatches.cut(entries, maxBytes: configuration.maxBatchBytes) {
                do throws(AWSError) {
                    try await send(batch, to: url)
                } catch {
                    // A job that the queue will never take must not hold up the others.
                    guard error.kind == .refused else { throw error }
                    refusal = refusal ?? error
                }
            }
            if let refusal { throw refusal }
        }
    }

    package func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob] {
        guard max > 0 else { return [] }
        let deadline = ContinuousClock.now + waiting
        while !Task.isCancelled {
            let remaining = deadline - ContinuousClock.now
            let wait = min(remaining, configuration.waitTime).components.seconds
            do throws(AWSError) {
                let jobs = try await receiveOnce(max, waitSeconds: Int(Swift.max(0, wait)))
                if !jobs.isEmpty || deadline - ContinuousClock.now < .seconds(1) { return jobs }
            } catch {
                if error.kind == .cancelled { return [] }
                throw await mapped(error)
            }
        }
        return []
    }

    package func acknowledge(_ job: LeasedJob) async throws(BackendError) {
        try await mapping { () async throws(AWSError) in
            try await deleter.delete(job.receipt, url: try await locator.locate().url)
        }
    }

    package func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError) {
        let (seconds, attoseconds) = delay.components
        try await changeVisibility(job, seconds: seconds + (attoseconds > 0 ? 1 : 0))
    }

    package func extendLease(of job: LeasedJob) async throws(BackendError) {
        try await changeVisibility(job, seconds: configuration.visibilityTimeout.components.seconds)
    }

    package func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError) {
        let location = try await mapping { () async throws(AWSError) in try await locator.locate() }
        guard let target = location.deadLetterURL else {
            try await changeVisibility(job, seconds: Self.longestVisibility)
            throw BackendError(
                .rejected,
                "SQS, \(name): a job cannot be put aside; give the queue a redrive policy or set a dead-letter queue"
            )
        }
        var entry = entry(job.payload)
        entry.attributes.append(SQSAttribute("martlet.reason", Self.printable(reason)))
        entry.attributes.append(SQSAttribute("martlet.attempts", String(job.attempt)))
        try await mapping { () async throws(AWSError) in
            try await send([entry], to: target)
            try await deleter.delete(job.receipt, url: location.url)
        }
    }

    package func depth() async throws(BackendError) -> JobQueueDepth {
        try await mapping { () async throws(AWSError) in
            let location = try await locator.locate()
            let counts = try await counts(location.url)
            var depth = JobQueueDepth(waiting: counts.visible + counts.delayed, leased: counts.leased, deadLettered: 0)
            if let target = location.deadLetterURL {
                depth.deadLettered = try await self.counts(target).visible
            }
            return depth
        }
    }

    package func checkHealth() async throws(BackendError) {
        try await mapping { () async throws(AWSError) in
            let url = try await locator.locate().url
            _ = try await client.send(.attributes(url: url, names: ["QueueArn"]))
        }
    }

    /// The longest that SQS keeps a message invisible after it was received.
    private static let longestVisibility: Int64 = 43_200

    private func entry(_ payload: [UInt8]) -> SQSEntry {
        var entry = SQSPayload.entry(payload)
        if configuration.isFIFO {
            entry.groupID = group(payload).map(Self.groupID) ?? configuration.messageGroupID
            entry.deduplicationID = SHA256.hash(payload).hex
        }
        return entry
    }

    /// A group's name as SQS takes it: what is longer or has other characters is hashed.
    private static func groupID(_ name: String) -> String {
        SQSConfiguration.isGroupID(name) ? name : SHA256.hash(Array(name.utf8)).hex
    }

    /// Sends one batch, and again what the queue did not take and may take yet; throws for what it will not take.
    private func send(_ batch: [SQSEntry], to url: String) async throws(AWSError) {
        var rest = batch
        var refusal: AWSError?
        for attempt in 1...Self.maxSends {
            let failures = try await client.send(.send(url: url, rest)).failures
            if let fault = failures.first(where: \.isSenderFault) {
                refusal = refusal ?? Self.error(.refused, fault)
            }
            let retryable = failures.filter { !$0.isSenderFault && rest.indices.contains($0.index) }
            guard let first = retryable.first else { break }
            guard attempt < Self.maxSends else { throw Self.error(.unavailable, first) }
            rest = retryable.map(\.index).sorted().map { rest[$0] }
            try await pause(.milliseconds(Int(100 * Double(1 << attempt) * environment.jitter())))
        }
        if let refusal { throw refusal }
    }

    /// How often what a queue does not take is sent.
    private static let maxSends = 5

    private static func error(_ kind: AWSError.Kind, _ failure: SQSBatchFailure) -> AWSError {
        var error = AWSError(kind, "a job was not taken")
        error.serviceCode = failure.code
        return error
    }

    /// Asks for up to ten jobs, and with several requests at once for the rest when there were as many.
    private func receiveOnce(_ max: Int, waitSeconds: Int) async throws(AWSError) -> [LeasedJob] {
        let location = try await locator.locate()
        let first = min(max, configuration.maxMessages)
        var messages = try await receiveMessages(location.url, first, waitSeconds)
        if messages.count == first, max > first {
            messages += await receiveMore(location.url, max - first)
        }
        var jobs: [LeasedJob] = []
        for message in messages {
            if let job = await job(message, location) {
                jobs.append(job)
            }
        }
        return jobs
    }

    private func receiveMessages(_ url: String, _ max: Int, _ wait: Int) async throws(AWSError) -> [SQSMessage] {
        let receive = SQSReceive(
            maxMessages: max,
            waitSeconds: wait,
            visibilitySeconds: Int(configuration.visibilityTimeout.components.seconds)
        )
        return try await client.send(.receive(url: url, receive)).messages
    }

    /// A failure here loses nothing: there are jobs already, and the next call meets it again.
    private func receiveMore(_ url: String, _ max: Int) async -> [SQSMessage] {
        let sizes = stride(from: 0, to: max, by: configuration.maxMessages)
            .prefix(configuration.concurrency - 1)
            .map { min(configuration.maxMessages, max - $0) }
        return await withTaskGroup(of: [SQSMessage].self) { tasks in
            for size in sizes {
                tasks.addTask {
                    do throws(AWSError) {
                        return try await self.receiveMessages(url, size, 0)
                    } catch {
                        return []
                    }
                }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
    }

    /// The job in a message; what is none, or came too often, is put aside.
    private func job(_ message: SQSMessage, _ location: SQSQueueLocator.Location) async -> LeasedJob? {
        let attempt = message.system["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1
        let isWhole = MD5.hash(Array(message.body.utf8)).hex == message.bodyMD5
        let payload = isWhole ? SQSPayload.payload(message) : nil
        let job = LeasedJob(
            id: message.id,
            payload: payload ?? Array(message.body.utf8),
            attempt: attempt,
            receipt: message.receipt
        )
        let isWornOut = !location.hasRedrivePolicy && attempt > configuration.maxReceives
        guard payload == nil || isWornOut else { return job }
        let reason = payload == nil ? "the message cannot be decoded" : "received \(attempt) times"
        do throws(BackendError) {
            try await deadLetter(job, reason: reason)
        } catch {
            environment.logger.error(
                "a message could not be put aside",
                metadata: .init([.queueJob: "\(job.id)", .reason: "\(reason)", .errorMessage: "\(error)"])
            )
        }
        return nil
    }

    private func changeVisibility(_ job: LeasedJob, seconds: Int64) async throws(BackendError) {
        let bounded = Int(min(Swift.max(0, seconds), Self.longestVisibility))
        try await mapping { () async throws(AWSError) in
            let url = try await locator.locate().url
            _ = try await client.send(.changeVisibility(url: url, receipt: job.receipt, seconds: bounded))
        }
    }

    private func counts(_ url: String) async throws(AWSError) -> (visible: Int, leased: Int, delayed: Int) {
        let names = [
            "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        let values = try await client.send(.attributes(url: url, names: names)).attributes
        let counts = names.map { values[$0].flatMap { Int($0) } ?? 0 }
        return (counts[0], counts[1], counts[2])
    }

    private func pause(_ duration: Duration) async throws(AWSError) {
        do {
            try await environment.sleep(duration)
        } catch {
            throw AWSError(.cancelled, "the task was cancelled")
        }
    }

    private func mapping<Result>(
        _ body: () async throws(AWSError) -> Result
    ) async throws(BackendError) -> Result {
        do throws(AWSError) {
            return try await body()
        } catch {
            throw await mapped(error)
        }
    }

    /// The error as the port tells it.
    ///
    /// A queue that is gone and a policy that denies are repaired without a restart: callers keep their jobs until then.
    private func mapped(_ error: AWSError) async -> BackendError {
        let isGone = error.isNamed("QueueDoesNotExist", "NonExistentQueue")
        if isGone {
            await locator.forget()
        }
        if isGone || error.kind == .denied {
            return BackendError(.unavailable, "SQS, \(name): \(error)")
        }
        if error.isNamed("MessageNotInflight", "ReceiptHandleIsInvalid") {
            return BackendError(.conflict, "SQS, \(name): the lease of a job has ended")
        }
        return error.backendError("SQS, \(name)")
    }

    private static func printable(_ reason: String) -> String {
        let text = String(
            reason.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(256).map(Character.init)
        )
        return text.isEmpty ? "unknown" : text
    }
}
