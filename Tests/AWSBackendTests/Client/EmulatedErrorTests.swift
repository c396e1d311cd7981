import AWSBackend
import FoundationEssentials
import ServerCore
import TestSupport
import Testing

/// What a service that verifies signatures answers to what is wrong with them.
@Suite(
    "Errors of a real service",
    .timeLimit(.minutes(2)),
    .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
)
struct EmulatedErrorTests {
    private let dynamo = AWSCall(jsonTarget: "DynamoDB_20120810", operation: "ListTables", body: Array("{}".utf8))

    private func client(
        _ service: AWSService = .dynamoDB,
        environment: AWSEnvironment = .test(),
        _ change: (inout AWSConfiguration, EmulatedAWS) -> Void = { _, _ in }
    ) async throws -> AWSClient {
        let aws = try await EmulatedAWS.shared()
        var configuration = AWSConfiguration.emulated(aws)
        change(&configuration, aws)
        return try AWSBackend(transport: try TestTransport.get(), environment: environment)
            .client(of: service, configuration)
    }

    private func error(_ client: AWSClient, _ call: AWSCall? = nil) async -> AWSError? {
        do throws(AWSError) {
            _ = try await client.send(call ?? dynamo)
            return nil
        } catch {
            return error
        }
    }

    @Test("a right key works")
    func works() async throws {
        #expect(await error(try await client()) == nil)
    }

    @Test("a wrong secret is denied at once")
    func wrongSecret() async throws {
        let error = await error(try await client { configuration, _ in configuration.secretAccessKey = "wrong" })
        #expect(error?.kind == .denied)
        #expect(error?.serviceCode == "InvalidSignatureException")
        #expect(error?.attempts == 1)
    }

    @Test("a key that does not exist is denied")
    func unknownKey() async throws {
        let error = await error(
            try await client { configuration, _ in configuration.accessKeyID = "AKIANOTTHERE00000000" }
        )
        #expect(error?.kind == .denied)
        #expect(error?.serviceCode == "UnrecognizedClientException")
    }

    @Test("a token that is not the key's is denied")
    func wrongToken() async throws {
        let error = await error(
            try await client { configuration, _ in
                configuration.accessKeyID = "ASIANOTTHERE00000000"
                configuration.sessionToken = "expired"
            }
        )
        #expect(error?.kind == .denied)
    }

    @Test("an operation beyond the policy is denied by name")
    func policy() async throws {
        let error = await error(
            try await client { configuration, aws in
                configuration.accessKeyID = aws.readerKeyID
                configuration.secretAccessKey = aws.readerSecret
            }
        )
        #expect(error?.kind == .denied)
        #expect(error?.serviceCode == "AccessDeniedException")
        #expect(error?.message.contains("dynamodb:ListTables") == true)
    }

    @Test("a clock that is an hour wrong is corrected", arguments: [-3600.0, 3600.0])
    func skew(seconds: Double) async throws {
        var environment = AWSEnvironment.test()
        environment.now = { Date().addingTimeInterval(seconds) }
        let reply = try await client(environment: environment).send(dynamo)
        #expect(reply.attempts == 2)
    }

    @Test("errors of both of SQS's protocols have the same names", arguments: SQSWireProtocol.allCases)
    func protocols(wireProtocol: SQSWireProtocol) async throws {
        let sqs = SQSClient(client: try await client(.sqs), wireProtocol: wireProtocol)
        await #expect {
            try await sqs.send(.queueURL(name: "no-such-queue", account: nil))
        } throws: {
            ($0 as? AWSError)?.isNamed("QueueDoesNotExist", "NonExistentQueue") == true
        }
        let denied = SQSClient(
            client: try await client(.sqs) { configuration, _ in configuration.secretAccessKey = "wrong" },
            wireProtocol: wireProtocol
        )
        await #expect {
            try await denied.send(.queueURL(name: "no-such-queue", account: nil))
        } throws: {
            ($0 as? AWSError)?.kind == .denied
        }
    }
}
