import AWSBackend
import CurlHTTP
import Foundation
import Logging
import TestSupport
import Testing

/// What SQS took reaches the receiver, whatever happens to the servers.
@Suite(.enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"), .timeLimit(.minutes(5)))
struct QueueDeliveryTests {
    private static let jobs = 3000
    private static let nodes = 3

    @Test("every job of the queue is delivered while servers are killed")
    func killedServers() async throws {
        let aws = try await EmulatedAWS.shared()
        let name = "kill-\(UInt32.random(in: 0 ... .max))"
        try await HTTPTestServer.with { receiver in
            let webhook = receiver.url("/hook")
            try await fill(name, aws: aws, webhook: webhook)
            var servers: [MartletProcess] = []
            for number in 0..<Self.nodes {
                servers.append(try await start("\(name)-\(number)", queue: name, aws: aws, webhook: webhook))
            }
            for (number, count) in [(0, 300), (1, 900), (2, 1500)] {
                await receiver.requests.wait(for: count)
                servers[number].process.send(SIGKILL)
                servers[number] = try await start("\(name)-again-\(number)", queue: name, aws: aws, webhook: webhook)
            }
            try await Eventually.holds("every job is delivered", within: .seconds(180)) {
                Set(receiver.requests.elements.map(\.body)).count == Self.jobs
            }
            let deliveries = receiver.requests.elements.count
            #expect(deliveries < Self.jobs * 2, "\(deliveries - Self.jobs) of \(Self.jobs) came twice")
            for server in servers {
                #expect(await server.stop() == 0)
            }
        }
    }

    private func environment(_ queue: String, _ aws: EmulatedAWS) -> [String: String] {
        [
            "QUEUE_DRIVER": "sqs", "MARTLET_QUEUE_SQS_QUEUE_NAME": queue, "QUEUE_SQS_VISIBILITY_TIMEOUT": "4",
            "QUEUE_SQS_ENDPOINT_URL": aws.endpoint, "QUEUE_SQS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": aws.accessKeyID, "AWS_SECRET_ACCESS_KEY": aws.secretAccessKey,
        ]
    }

    private func start(
        _ name: String,
        queue: String,
        aws: EmulatedAWS,
        webhook: String
    ) async throws -> MartletProcess {
        try await MartletProcess.start(
            name: name,
            overriding: """
                {"webhooks": {"max_deliveries_per_webhook": 4},
                 "app_manager": {"array": {"apps": [{"id": "1", "key": "k", "secret": "s", "policy": {
                    "webhooks": [{"url": "\(webhook)", "event_types": ["channel_occupied"]}]}}]}}}
                """,
            environment: environment(queue, aws)
        )
    }

    /// Makes the queue and puts the jobs there, in the form in which servers put them.
    private func fill(_ queue: String, aws: EmulatedAWS, webhook: String) async throws {
        var configuration = SQSConfiguration()
        configuration.aws.endpointURL = aws.endpoint
        configuration.aws.region = "eu-central-1"
        configuration.aws.accessKeyID = aws.accessKeyID
        configuration.aws.secretAccessKey = aws.secretAccessKey
        configuration.queueName = queue
        configuration.createsQueue = true
        let backend = AWSBackend(
            transport: try CurlHTTPClient(),
            environment: AWSEnvironment(
                variables: [:],
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try await backend.jobQueue(configuration).enqueue(
            (0..<Self.jobs).map { number in
                let envelope = #"{"v":1,"app_id":"1","url":"\#(webhook)","occurrence":0,"time_ms":\#(now)}"#
                let event = #"{"name":"channel_occupied","channel":"channel-\#(number)"}"#
                return Array("\(envelope)\n{\"time_ms\":\(now),\"events\":[\(event)]}".utf8)
            }
        )
    }
}
