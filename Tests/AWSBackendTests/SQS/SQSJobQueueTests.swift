import AWSBackend
import CoreMetrics
import Foundation
import PrometheusMetrics
import ServerCore
import Synchronization
import TestSupport
import Testing

@Suite("Jobs in SQS", .timeLimit(.minutes(2)), .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"))
struct SQSJobQueueTests {
    private struct Queue {
        var jobs: SQSJobQueue
        var client: SQSClient
        var name: String
        var url: String
    }

    private func queue(
        _ wireProtocol: SQSWireProtocol = .json,
        create: Bool = true,
        name: String = "q-\(UUID().uuidString)",
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        _ change: (inout SQSConfiguration) -> Void = { _ in }
    ) async throws -> Queue {
        let aws = try await EmulatedAWS.shared()
        var configuration = SQSConfiguration()
        configuration.aws = .emulated(aws)
        configuration.wireProtocol = wireProtocol
        configuration.createsQueue = create
        configuration.waitTime = .seconds(1)
        change(&configuration)
        configuration.queueName = name
        var environment = AWSEnvironment.test()
        environment.metrics = AWSMetrics(factory: metrics)
        let backend = AWSBackend(transport: try TestTransport.get(), environment: environment)
        let client = SQSClient(client: try backend.client(of: .sqs, configuration.aws), wireProtocol: wireProtocol)
        let jobs = try backend.jobQueue(configuration)
        var url = ""
        if create {
            try await jobs.prepare()
            let answer = try await client.send(
                .queueURL(name: name + (configuration.isFIFO ? ".fifo" : ""), account: nil)
            )
            url = try #require(answer.queueURL)
        }
        return Queue(jobs: jobs, client: client, name: name, url: url)
    }

    private func drain(_ queue: SQSJobQueue, _ count: Int) async throws -> [LeasedJob] {
        var jobs: [LeasedJob] = []
        while jobs.count < count {
            jobs += try await queue.receive(max: count - jobs.count, waiting: .seconds(5))
        }
        return jobs
    }

    @Test("any payload travels over both protocols", arguments: SQSWireProtocol.allCases)
    func payloads(wireProtocol: SQSWireProtocol) async throws {
        let queue = try await queue(wireProtocol)
        let payloads: [[UInt8]] = [
            Array("{\"a\":\"<&>'é🐦+ %\"}\n second line".utf8), [], [0, 255, 13, 10], Array("  x  ".utf8),
        ]
        try await queue.jobs.enqueue(payloads)
        let jobs = try await drain(queue.jobs, payloads.count)
        #expect(Set(jobs.map(\.payload)) == Set(payloads))
        #expect(jobs.allSatisfy { $0.attempt == 1 })
        for job in jobs { try await queue.jobs.acknowledge(job) }
        #expect(try await queue.jobs.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("many jobs go and come in batches, and each once", arguments: SQSWireProtocol.allCases)
    func many(wireProtocol: SQSWireProtocol) async throws {
        let queue = try await queue(wireProtocol)
        try await queue.jobs.enqueue((0..<137).map { Array("job \($0) \(String(repeating: "x", count: 5000))".utf8) })
        #expect(try await queue.jobs.depth().waiting == 137)
        var seen: Set<[UInt8]> = []
        while seen.count < 137 {
            let jobs = try await queue.jobs.receive(max: 64, waiting: .seconds(5))
            for job in jobs { #expect(seen.insert(job.payload).inserted) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for job in jobs {
                    group.addTask { try await queue.jobs.acknowledge(job) }
                }
                try await group.waitForAll()
            }
        }
        #expect(try await queue.jobs.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("jobs that are done at the same time are deleted together")
    func gatheredDeletes() async throws {
        let registry = PrometheusRegistry(
            prefix: "martlet_",
            descriptions: [MetricDescription(name: MetricName.awsRequests.rawValue, kind: .counter, help: "h.")]
        )
        let queue = try await queue(metrics: registry)
        try await queue.jobs.enqueue((0..<20).map { Array("job \($0)".utf8) })
        let jobs = try await drain(queue.jobs, 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in jobs {
                group.addTask { try await queue.jobs.acknowledge(job) }
            }
            try await group.waitForAll()
        }
        #expect(try await queue.jobs.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
        let text = String(decoding: registry.render(), as: UTF8.self)
        let line = try #require(
            text.split(separator: "\n").first { $0.contains(#"_total{"#) && $0.contains("DeleteMessageBatch") }
        )
        // Two, unless the machine takes longer for twenty calls than they are gathered.
        #expect(try #require(line.split(separator: " ").last.flatMap { Double($0) }) <= 5)
    }

    @Test("a retried job comes again after its pause with a higher attempt")
    func retry() async throws {
        let queue = try await queue()
        try await queue.jobs.enqueue([Array("x".utf8)])
        let first = try #require(try await drain(queue.jobs, 1).first)
        try await queue.jobs.retry(first, after: .milliseconds(900))
        #expect(try await queue.jobs.receive(max: 1, waiting: .zero).isEmpty)
        let second = try #require(try await drain(queue.jobs, 1).first)
        #expect(second.id == first.id)
        #expect(second.attempt == 2)
        try await queue.jobs.retry(second, after: .zero)
        #expect(try await drain(queue.jobs, 1).first?.attempt == 3)
    }

    @Test("a job whose lease ended comes again, unless the lease was extended")
    func lease() async throws {
        let queue = try await queue { $0.visibilityTimeout = .seconds(2) }
        #expect(queue.jobs.lease == .seconds(2))
        try await queue.jobs.enqueue([Array("x".utf8)])
        let first = try #require(try await drain(queue.jobs, 1).first)
        let start = ContinuousClock.now
        try await queue.jobs.extendLease(of: first)
        let second = try #require(try await drain(queue.jobs, 1).first)
        #expect(second.attempt == 2)
        #expect(ContinuousClock.now - start > .seconds(1))
    }

    @Test("a job that is given up lies in the dead-letter queue with the reason")
    func deadLetter() async throws {
        let queue = try await queue()
        try await queue.jobs.enqueue([[0, 1]])
        let job = try #require(try await drain(queue.jobs, 1).first)
        try await queue.jobs.deadLetter(job, reason: "too\nslow\u{0}")
        let depth = try await queue.jobs.depth()
        #expect(depth == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 1))
        let url = try #require(
            try await queue.client.send(.queueURL(name: "\(queue.name)-dead-letters", account: nil)).queueURL
        )
        let message = try #require(
            try await queue.client.send(
                .receive(url: url, SQSReceive(maxMessages: 1, waitSeconds: 0, visibilitySeconds: 30))
            ).messages.first
        )
        #expect(SQSPayload.payload(message) == [0, 1])
        #expect(message.attributes["martlet.reason"] == "tooslow")
        #expect(message.attributes["martlet.attempts"] == "1")
    }

    @Test("a message that is no job is put aside, and jobs behind it come")
    func unreadable() async throws {
        let queue = try await queue()
        var entry = SQSEntry(body: "%%%")
        entry.attributes = [SQSAttribute("martlet.encoding", "base64")]
        #expect(try await queue.client.send(.send(url: queue.url, [entry])).failures.isEmpty)
        try await queue.jobs.enqueue([Array("good".utf8)])
        #expect(try await drain(queue.jobs, 1).map(\.payload) == [Array("good".utf8)])
        try await Eventually.holds("the message is put aside", within: .seconds(20)) {
            _ = try? await queue.jobs.receive(max: 1, waiting: .zero)
            return (try? await queue.jobs.depth().deadLettered) == 1
        }
    }

    @Test("without a dead-letter queue a job is not lost, and a worn-out one is told apart")
    func noDeadLetterQueue() async throws {
        let plain = try await queue(create: false)
        let url = try #require(try await plain.client.send(.createQueue(name: plain.name, attributes: [:])).queueURL)
        try await plain.jobs.enqueue([Array("x".utf8)])
        let job = try #require(try await drain(plain.jobs, 1).first)
        await #expect {
            try await plain.jobs.deadLetter(job, reason: "r")
        } throws: {
            ($0 as? BackendError)?.code == .rejected
        }
        #expect(try await plain.jobs.depth().leased == 1)
        // The same queue with a place to put jobs aside, by our own count of attempts.
        let target = try #require(
            try await plain.client.send(.createQueue(name: "\(plain.name)-d", attributes: [:])).queueURL
        )
        let own = try await queue(create: false) {
            $0.queueURL = url
            $0.deadLetterQueueURL = target
            $0.maxReceives = 1
        }
        try await own.jobs.enqueue([Array("y".utf8)])
        let first = try #require(try await drain(own.jobs, 1).first)
        try await own.jobs.retry(first, after: .zero)
        #expect(try await own.jobs.receive(max: 1, waiting: .zero).isEmpty)
        #expect(try await own.jobs.depth().deadLettered == 1)
    }

    @Test("a FIFO queue keeps the order of a group and drops equal payloads", arguments: SQSWireProtocol.allCases)
    func fifo(wireProtocol: SQSWireProtocol) async throws {
        let queue = try await queue(wireProtocol) { $0.isFIFO = true }
        let payloads = (0..<12).map { Array("job \($0)".utf8) }
        try await queue.jobs.enqueue(payloads)
        try await queue.jobs.enqueue(Array(payloads.prefix(3)))
        var seen: [[UInt8]] = []
        while seen.count < 12 {
            for job in try await queue.jobs.receive(max: 5, waiting: .seconds(5)) {
                seen.append(job.payload)
                try await queue.jobs.acknowledge(job)
            }
        }
        #expect(seen == payloads)
        #expect(try await queue.jobs.depth().waiting == 0)
    }

    @Test("a queue that is missing is not made unless that is configured, and is found by name, URL or prefix")
    func missing() async throws {
        let queue = try await queue(create: false)
        for attempt in [
            { () async throws in try await queue.jobs.prepare() }, { try await queue.jobs.enqueue([[1]]) },
            { try await queue.jobs.checkHealth() },
        ] {
            await #expect { try await attempt() } throws: { ($0 as? BackendError)?.code == .unavailable }
        }
        let url = try #require(try await queue.client.send(.createQueue(name: queue.name, attributes: [:])).queueURL)
        try await queue.jobs.checkHealth()
        let byURL = try await self.queue(create: false) { $0.queueURL = url }
        try await byURL.jobs.enqueue([[65]])
        let prefix = String(url.dropLast(queue.name.count))
        let byPrefix = try await self.queue(create: false, name: queue.name) { $0.queueURLPrefix = prefix }
        try await byPrefix.jobs.enqueue([[66]])
        #expect(Set(try await drain(queue.jobs, 2).map(\.payload)) == [[65], [66]])
    }

    @Test("a receiver that is cancelled returns without jobs")
    func cancelled() async throws {
        let queue = try await queue { $0.waitTime = .seconds(20) }
        let task = Task { try await queue.jobs.receive(max: 1, waiting: .seconds(60)) }
        task.cancel()
        #expect(try await task.value.isEmpty)
    }

    @Test("a job that is too large is refused, and the others are taken")
    func tooLarge() async throws {
        let queue = try await queue()
        let payloads = [[UInt8](repeating: 65, count: 1_100_000), Array("small".utf8)]
        await #expect {
            try await queue.jobs.enqueue(payloads)
        } throws: {
            ($0 as? BackendError)?.code == .rejected
        }
        #expect(try await drain(queue.jobs, 1).map(\.payload) == [payloads[1]])
    }

    @Test("only what was not taken is sent again", arguments: SQSWireProtocol.allCases)
    func partialFailure(wireProtocol: SQSWireProtocol) async throws {
        let requests = Mutex(0)
        let responder: HTTPTestServer.Responder = { request in
            let text = String(decoding: request.body, as: UTF8.self)
            if text.contains("RedrivePolicy") {
                let body =
                    wireProtocol == .json
                    ? "{}" : "<GetQueueAttributesResponse><GetQueueAttributesResult/></GetQueueAttributesResponse>"
                return .respond(status: 200, body: Array(body.utf8))
            }
            let isFirst = requests.withLock {
                $0 += 1; return $0 == 1
            }
            let json = isFirst ? #"{"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}"# : "{}"
            let entry =
                isFirst
                ? "<BatchResultErrorEntry><Id>1</Id><Code>InternalError</Code><SenderFault>false</SenderFault></BatchResultErrorEntry>"
                : ""
            let xml =
                "<SendMessageBatchResponse><SendMessageBatchResult>\(entry)</SendMessageBatchResult></SendMessageBatchResponse>"
            return .respond(status: 200, body: Array((wireProtocol == .json ? json : xml).utf8))
        }
        try await HTTPTestServer.with(responder: responder) { server in
            var configuration = SQSConfiguration()
            configuration.aws.region = "eu-central-1"
            configuration.aws.endpointURL = server.url("")
            configuration.aws.accessKeyID = "A"
            configuration.aws.secretAccessKey = "S"
            configuration.queueURL = server.url("/1/q")
            configuration.wireProtocol = wireProtocol
            let backend = AWSBackend(transport: try TestTransport.get(), environment: .test(time: TestTime()))
            try await backend.jobQueue(configuration).enqueue(["aaa", "bbb", "ccc"].map { Array($0.utf8) })
            let bodies = server.requests.elements.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies.count == 3)
            #expect(bodies[1].contains("aaa") && bodies[1].contains("bbb") && bodies[1].contains("ccc"))
            #expect(!bodies[2].contains("aaa") && bodies[2].contains("bbb") && !bodies[2].contains("ccc"))
        }
    }
}
