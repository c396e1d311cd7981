import AWSBackend
import CurlHTTP
import Logging
import ServerCore
import TestSupport

/// The implementations on AWS, each in a table or queue of its own in an emulator.
enum AWSConformance {
    static func appCatalog(_ emulator: EmulatedAWS.Emulator = .ministack) async throws -> any AppCatalog {
        let aws = try await running(emulator)
        var configuration = DynamoDBConfiguration()
        configuration.aws.endpointURL = aws.endpoint
        configuration.aws.accessKeyID = aws.accessKeyID
        configuration.aws.secretAccessKey = aws.secretAccessKey
        configuration.tableName = "apps-\(UInt64.random(in: 0 ... .max))"
        let backend = try backend()
        _ = try await backend.table(configuration).create()
        return try backend.appManager(configuration)
    }

    static func jobQueue(
        _ emulator: EmulatedAWS.Emulator = .ministack,
        isFIFO: Bool = false
    ) async throws -> any JobQueue {
        let aws = try await running(emulator)
        var configuration = SQSConfiguration()
        configuration.aws.endpointURL = aws.endpoint
        configuration.aws.accessKeyID = aws.accessKeyID
        configuration.aws.secretAccessKey = aws.secretAccessKey
        configuration.createsQueue = true
        configuration.isFIFO = isFIFO
        configuration.visibilityTimeout = .seconds(2)
        configuration.waitTime = .seconds(1)
        configuration.queueName = "queue-\(UInt64.random(in: 0 ... .max))"
        let queue = try backend().jobQueue(configuration)
        try await queue.prepare()
        return queue
    }

    private static func running(_ emulator: EmulatedAWS.Emulator) async throws -> EmulatedAWS {
        switch emulator {
        case .ministack: try await EmulatedAWS.shared()
        case .moto: try await EmulatedAWS.sharedMoto()
        }
    }

    private static func backend() throws -> AWSBackend {
        AWSBackend(
            transport: try CurlHTTPClient(),
            environment: AWSEnvironment(
                variables: [:],
                logger: Logger(label: "conformance", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
    }
}
