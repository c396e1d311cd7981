import Foundation
import TestSupport
import Testing

/// Webhooks as an application's server receives them.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct WebhookTests {
    @Test("all seven events arrive, signed, filtered, after their grace, and again when refused")
    func webhooks() async throws {
        let port = FreePort.next()
        try await Scenarios.run(
            "webhooks.py",
            arguments: ["--extra", "\(port)"],
            overriding: configuration(port: port),
            limit: .seconds(180)
        )
    }

    @Test(
        "the same events arrive when the apps are in DynamoDB and the jobs in SQS",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"),
        arguments: [false, true]
    )
    func aws(isFIFO: Bool) async throws {
        let aws = try await EmulatedAWS.shared()
        let name = "e2e-\(UInt32.random(in: 0 ... .max))"
        let environment = [
            "APP_MANAGER_DRIVER": "dynamodb", "DATABASE_DYNAMODB_TABLE_NAME": name, "QUEUE_DRIVER": "sqs",
            "MARTLET_QUEUE_SQS_QUEUE_NAME": name, "MARTLET_QUEUE_SQS_CREATE_QUEUE": "true",
            "QUEUE_SQS_FIFO": "\(isFIFO)", "AWS_ENDPOINT_URL": aws.endpoint, "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": aws.accessKeyID, "AWS_SECRET_ACCESS_KEY": aws.secretAccessKey,
        ]
        let table = try ChildProcess(
            PackagePaths.executable("martlet"),
            arguments: ["apps", "table", "create", "--dynamodb"],
            environment: environment,
            logFile: PackagePaths.logs.appending(path: "\(name)-table.log")
        )
        try #require(await table.waitForExit(within: .seconds(60)) == 0, "\(table.log)")
        let port = FreePort.next()
        try await Scenarios.run(
            "webhooks.py",
            name: "webhooks-aws-\(isFIFO ? "fifo" : "standard")",
            arguments: ["--extra", "\(port)"],
            overriding: configuration(port: port),
            environment: environment,
            limit: .seconds(180)
        )
    }

    /// One app with the events of channels and clients and a filtered webhook, one with subscription counts.
    private func configuration(port: Int) -> String {
        """
        {"webhooks": {"retry": {"initial_backoff_ms": 200, "max_backoff_ms": 1000}},
         "app_manager": {"array": {"apps": [
            {"id": "1", "key": "demo-key", "secret": "demo-secret", "enabled": true,
             "policy": {
                "limits": {}, "features": {"enable_client_messages": true}, "channels": {},
                "webhooks": [
                    {"url": "http://127.0.0.1:\(port)/main",
                     "event_types": ["channel_occupied", "channel_vacated", "member_added", "member_removed",
                                     "client_event", "cache_miss"]},
                    {"url": "http://127.0.0.1:\(port)/filtered", "event_types": ["channel_occupied"],
                     "filter": {"channel_prefix": "filtered-", "channel_suffix": "-eu",
                                "channel_pattern": "^filtered-[0-9a-f]+-eu$"},
                     "headers": {"X-Env": "test"}}]}},
            {"id": "6", "key": "counting-key", "secret": "counting-secret", "enabled": true,
             "policy": {
                "limits": {}, "features": {"enable_subscription_count": true}, "channels": {},
                "webhooks": [
                    {"url": "http://127.0.0.1:\(port)/main", "event_types": ["subscription_count"]}]}}
         ]}}}
        """
    }
}
