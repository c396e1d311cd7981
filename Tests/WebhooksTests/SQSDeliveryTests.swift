import AWSBackend
import CurlHTTP
import Foundation
import Logging
import ServerCore
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// Deliveries of jobs that lie in a queue of the emulator, in real time.
@Suite("Webhooks from SQS", .timeLimit(.minutes(2)), .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"))
struct SQSDeliveryTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func queue(_ change: (inout SQSConfiguration) -> Void) async throws -> SQSJobQueue {
        let aws = try await EmulatedAWS.shared()
        var configuration = SQSConfiguration()
        configuration.aws.endpointURL = aws.endpoint
        configuration.aws.accessKeyID = aws.accessKeyID
        configuration.aws.secretAccessKey = aws.secretAccessKey
        configuration.createsQueue = true
        configuration.waitTime = .seconds(1)
        configuration.queueName = "d-\(UUID().uuidString)"
        change(&configuration)
        let environment = AWSEnvironment(variables: [:], logger: Self.logger)
        let queue = try AWSBackend(transport: try CurlHTTPClient(), environment: environment)
            .jobQueue(configuration) { _ in "group" }
        try await queue.prepare()
        return queue
    }

    /// Runs a dispatcher for the time of the closure.
    private func dispatch(
        _ queue: SQSJobQueue,
        to url: String,
        _ body: () async throws -> Void
    ) async throws {
        var configuration = WebhookConfiguration()
        configuration.drainsQueue = false
        configuration.retry.initialBackoff = .milliseconds(1)
        configuration.maxDeliveriesPerWebhook = 4
        let dispatcher = WebhookDispatcher(
            queue: queue,
            apps: AppList([WebhookBench.app("1", url)]),
            transport: try CurlHTTPClient(),
            configuration: configuration,
            environment: WebhookEnvironment(metrics: WebhookMetrics(factory: TestMetrics()), logger: Self.logger)
        )
        let service = Task { await dispatcher.run() }
        defer { service.cancel() }
        try await body()
        service.cancel()
        await service.value
    }

    private func jobs(_ count: Int, for url: String) -> [[UInt8]] {
        (0..<count).map { number in
            WebhookJob(
                destination: WebhookDestination(appID: "1", url: url, occurrence: 0),
                timeMilliseconds: WallClock.system.now(),
                events: [WebhookEvent.occupied("channel-\(number)").json]
            ).encoded
        }
    }

    @Test("on a FIFO queue nothing overtakes a job that the endpoint refused")
    func order() async throws {
        let queue = try await queue { $0.isFIFO = true }
        let taken = Recorder<String>()
        let requests = Mutex(0)
        let responder: HTTPTestServer.Responder = { request in
            let isRefused = requests.withLock { count in
                count += 1
                return count % 3 == 1
            }
            guard !isRefused else { return .respond(status: 503) }
            taken.record(request.text)
            return .respond(status: 200)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let jobs = jobs(12, for: server.url())
            try await queue.enqueue(jobs)
            try await dispatch(queue, to: server.url()) {
                await taken.wait(for: jobs.count)
            }
            #expect(
                taken.elements
                    == jobs.compactMap { WebhookJob(decoding: $0)?.body }.map { String(decoding: $0, as: UTF8.self) }
            )
            #expect(requests.withLock { $0 } >= 17)
        }
    }

    @Test("equal events of two nodes are two jobs")
    func equalEvents() async throws {
        let queue = try await queue { $0.isFIFO = true }
        let event = WebhookEvent.occupied("channel").json
        let destination = WebhookDestination(appID: "1", url: "http://127.0.0.1/", occurrence: 0)
        try await queue.enqueue(
            (0..<2).map { _ in WebhookJob(destination: destination, timeMilliseconds: 1, events: [event]).encoded }
        )
        #expect(try await queue.depth().waiting == 2)
    }

    @Test("a delivery that takes longer than the lease keeps it and is made once")
    func slowEndpoint() async throws {
        let queue = try await queue { $0.visibilityTimeout = .seconds(4) }
        let responder: HTTPTestServer.Responder = { _ in
            // The endpoint's own slowness, beyond two leases.
            try? await Task.sleep(for: .seconds(9))
            return .respond(status: 200)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            try await queue.enqueue(jobs(1, for: server.url()))
            try await dispatch(queue, to: server.url()) {
                try await Eventually.holds("the job is done", within: .seconds(30)) {
                    (try? await queue.depth()) == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0)
                }
            }
            #expect(server.requests.elements.count == 1)
        }
    }
}
