import Foundation
import TestSupport
import Testing

/// Changes that operators make to apps, as they reach the nodes of a cluster.
@Suite(
    .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"),
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)")
)
struct AppChangeTests {
    @Test("what the command line changes in DynamoDB reaches the sockets of two nodes within two seconds")
    func changes() async throws {
        let aws = try await EmulatedAWS.shared()
        let redis = try await RedisServer.start()
        let environment = [
            "DATABASE_DYNAMODB_TABLE_NAME": "apps-\(UUID().uuidString)",
            "DATABASE_DYNAMODB_ENDPOINT_URL": aws.endpoint, "AWS_ACCESS_KEY_ID": aws.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": aws.secretAccessKey, "AWS_EC2_METADATA_DISABLED": "true",
        ]
        // Longer than the test: only being told can be fast enough.
        let configuration = """
            {"database": {"redis": {"host": "127.0.0.1", "port": \(redis.port)}},
             "adapter": {"driver": "redis"}, "cache": {"driver": "redis"},
             "app_manager": {"driver": "dynamodb", "cache": {"ttl": 3600}}}
            """
        let table = try ChildProcess(
            PackagePaths.executable("martlet"),
            arguments: ["apps", "table", "create", "--dynamodb"],
            environment: environment.merging(["APP_MANAGER_DRIVER": "dynamodb"]) { first, _ in first },
            logFile: PackagePaths.logs.appending(path: "app_changes_table.log")
        )
        #expect(await table.waitForExit(within: .seconds(60)) == 0)
        let other = try await MartletProcess.start(
            name: "app_changes_other",
            overriding: configuration,
            environment: environment
        )
        let extra = try JSONSerialization.data(withJSONObject: [
            "port": other.port, "martlet": PackagePaths.executable("martlet").path, "environment": environment,
        ])
        try await Scenarios.run(
            "app_changes.py",
            arguments: ["--extra", String(decoding: extra, as: UTF8.self)],
            overriding: configuration,
            environment: environment
        )
        #expect(await other.stop() == 0)
    }
}
