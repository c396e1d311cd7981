import AWSBackend
import Testing

@testable import martlet

/// DynamoDB and SQS in the configuration.
@Suite
struct AWSConfigurationTests {
    @Test("Sockudo's sections and variables reach the clients")
    func sockudo() async throws {
        let file = """
            {"app_manager":{"driver":"dynamodb"},"queue":{"driver":"sqs","sqs":{"region":"eu-west-1",
             "queue_url_prefix":"https://sqs.eu-west-1.amazonaws.com/1/","visibility_timeout":60,"max_messages":5,
             "wait_time_seconds":20,"concurrency":3,"fifo":true,"message_group_id":"g","endpoint_url":null}},
             "database":{"dynamodb":{"table_name":"apps","aws_access_key_id":"A","aws_secret_access_key":"S",
             "aws_profile_name":null,"endpoint_url":"http://127.0.0.1:8000"}}}
            """
        let loaded = try await load(
            ["DATABASE_DYNAMODB_REGION": "eu-central-1", "QUEUE_SQS_MAX_MESSAGES": "7"],
            file: file
        )
        let settings = loaded.settings
        #expect(settings.drivers.appManager == .dynamoDB)
        #expect(settings.drivers.queue == .sqs)
        #expect(settings.dynamoDB.aws.region == "eu-central-1")
        #expect(settings.dynamoDB.tableName == "apps")
        #expect(settings.dynamoDB.aws.accessKeyID == "A")
        #expect(settings.dynamoDB.aws.secretAccessKey == "S")
        #expect(settings.dynamoDB.aws.endpointURL == "http://127.0.0.1:8000")
        #expect(settings.dynamoDB.aws.profile == nil)
        #expect(settings.sqs.aws.region == "eu-west-1")
        #expect(settings.sqs.queueURLPrefix == "https://sqs.eu-west-1.amazonaws.com/1/")
        #expect(settings.sqs.visibilityTimeout == .seconds(60))
        #expect(settings.sqs.maxMessages == 7)
        #expect(settings.sqs.waitTime == .seconds(20))
        #expect(settings.sqs.concurrency == 3)
        #expect(settings.sqs.isFIFO)
        #expect(settings.sqs.messageGroupID == "g")
        #expect(loaded.warnings.isEmpty)
    }

    @Test("a secret key is not shown")
    func secret() async throws {
        let loaded = try await load(set: ["queue.sqs.aws_access_key_id=A", "queue.sqs.aws_secret_access_key=hush"])
        #expect(!ConfigurationReport.printLines(of: loaded).joined().contains("hush"))
    }

    @Test("values that cannot work stop the start if the driver is in use, and not otherwise")
    func validation() async throws {
        let broken = ["queue.sqs.max_messages=11", "database.dynamodb.endpoint_url=localhost"]
        #expect(try await problems(set: broken).isEmpty)
        let found = try await problems(set: broken + ["queue.driver=sqs", "app_manager.driver=dynamodb"])
        #expect(found.count == 2)
        #expect(found.contains { $0.contains("queue.sqs.max_messages: must be from 1 to 10") })
        #expect(found.contains { $0.contains("database.dynamodb.endpoint_url: ") })
    }
}
