import AWSBackend
import CurlHTTP
import Foundation
import ServerCore
import TestSupport
import Testing

/// What a proxy between the client and the emulator does to requests, in the form in which AWS does it.
@Suite("Faults on the way", .timeLimit(.minutes(2)), .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"))
struct InjectedFaultTests {
    /// A fault for the requests to one table or queue, and what the client makes of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        /// The part of microburst's rule that says what happens.
        var effect: String
        var kind: AWSError.Kind
        var code: String?
        /// `nil` where libcurl may try itself, which it does when a connection that it kept is reset.
        var attempts: Int?

        var testDescription: String { name }
        var rule: String { #"{"service":"dynamodb","resource":"\#(name)",\#(effect)}"# }
    }

    static let faults: [Fault] = [
        .passing("throttled-twice", #""times":2,"error":{"code":"ProvisionedThroughputExceededException"}"#, after: 3),
        .passing("failed-once", #""times":1,"error":{"code":"InternalServerError","status":500}"#, after: 2),
        .passing("reset-twice", #""times":2,"reset":true"#, after: nil),
        .passing("cut-short-once", #""times":1,"response":{"abort_bytes":10}"#, after: 2),
        Fault(
            name: "throttled-always",
            effect: #""error":{"code":"ThrottlingException"}"#,
            kind: .throttled,
            code: "ThrottlingException",
            attempts: 3
        ),
        Fault(name: "reset-always", effect: #""reset":true"#, kind: .transport),
        Fault(name: "cut-short-always", effect: #""response":{"abort_bytes":10}"#, kind: .transport, attempts: 3),
        Fault(
            name: "expired",
            effect: #""error":{"code":"ExpiredTokenException","status":400}"#,
            kind: .denied,
            code: "ExpiredTokenException",
            attempts: 1
        ),
        Fault(
            name: "skewed",
            effect: #""error":{"code":"RequestTimeTooSkewed","status":403}"#,
            kind: .denied,
            code: "RequestTimeTooSkewed",
            attempts: 1
        ),
        Fault(
            name: "badly-signed",
            effect: #""error":{"code":"SignatureDoesNotMatch","status":403}"#,
            kind: .denied,
            code: "SignatureDoesNotMatch",
            attempts: 1
        ),
    ]

    private static let proxy = SharedService {
        let rules =
            faults.map(\.rule) + [
                #"{"service":"sqs","operation":"SendMessageBatch","times":2,"error":{"code":"RequestThrottled"}}"#,
                #"{"service":"sqs","operation":"ReceiveMessage","times":2,"reset":true}"#,
                #"{"service":"sqs","operation":"DeleteMessageBatch","times":2,"error":{"code":"RequestThrottled"}}"#,
            ]
        return try await FaultyAWS(
            before: try await EmulatedAWS.shared(),
            rules: "[\(rules.joined(separator: ","))]",
            name: "faulty-aws"
        )
    }

    private func configuration() async throws -> AWSConfiguration {
        var configuration = AWSConfiguration.emulated(try await EmulatedAWS.shared())
        configuration.endpointURL = try await Self.proxy.get().endpoint
        configuration.attemptTimeout = .seconds(15)
        configuration.callTimeout = .seconds(60)
        return configuration
    }

    @Test("each fault is survived or named", arguments: faults)
    func fault(fault: Fault) async throws {
        let backend = AWSBackend(transport: try TestTransport.get(), environment: .test())
        let client = try backend.client(of: .dynamoDB, try await configuration())
        let call = AWSCall(
            jsonTarget: "DynamoDB_20120810",
            operation: "GetItem",
            body: Array(#"{"TableName":"\#(fault.name)","Key":{"id":{"S":"1"}}}"#.utf8)
        )
        let error = await #expect(throws: AWSError.self) { try await client.send(call) }
        #expect(error?.kind == fault.kind)
        #expect(error?.serviceCode == fault.code)
        if let attempts = fault.attempts { #expect(error?.attempts == attempts) }
    }

    @Test("jobs go and come through a throttled queue whose connections are reset")
    func queue() async throws {
        var configuration = SQSConfiguration()
        configuration.aws = try await self.configuration()
        configuration.createsQueue = true
        configuration.waitTime = .seconds(1)
        configuration.queueName = "faulty-\(UUID().uuidString)"
        let queue = try AWSBackend(transport: try TestTransport.get(), environment: .test()).jobQueue(configuration)
        let payloads = (0..<25).map { Array("job \($0)".utf8) }
        try await queue.enqueue(payloads)
        var seen: Set<[UInt8]> = []
        while seen.count < payloads.count {
            for job in try await queue.receive(max: 10, waiting: .seconds(5)) {
                seen.insert(job.payload)
                try await queue.acknowledge(job)
            }
        }
        #expect(seen == Set(payloads))
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }
}

extension InjectedFaultTests.Fault {
    /// A fault that ends before the attempts do; what passes is told by the answer that the table does not exist.
    fileprivate static func passing(_ name: String, _ effect: String, after attempts: Int?) -> Self {
        Self(name: name, effect: effect, kind: .refused, code: "ResourceNotFoundException", attempts: attempts)
    }
}
