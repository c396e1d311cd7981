import ServerCore
import Testing

@testable import AWSBackend

@Suite("Endpoints")
struct EndpointTests {
    private func resolver(
        _ region: String,
        _ variables: [String: String] = [:],
        config: String = "",
        _ change: (inout AWSConfiguration) -> Void = { _ in }
    ) -> EndpointResolver {
        var configuration = AWSConfiguration()
        change(&configuration)
        return EndpointResolver(
            region: region,
            configuration: configuration,
            shared: SharedConfiguration(config: config, credentials: ""),
            environment: .test(variables)
        )
    }

    @Test(
        "a service's public endpoint follows region, partition, FIPS and dual stack",
        arguments: [
            (.dynamoDB, "eu-central-1", false, false, "dynamodb.eu-central-1.amazonaws.com"),
            (.sqs, "us-east-1", true, false, "sqs-fips.us-east-1.amazonaws.com"),
            (.sqs, "us-east-1", false, true, "sqs.us-east-1.api.aws"),
            (.lambda, "us-east-1", true, true, "lambda-fips.us-east-1.api.aws"),
            (.dynamoDB, "cn-north-1", false, false, "dynamodb.cn-north-1.amazonaws.com.cn"),
            (.sqs, "cn-northwest-1", false, true, "sqs.cn-northwest-1.api.amazonwebservices.com.cn"),
            (.sts, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"),
            (.lambda, "us-gov-west-1", true, false, "lambda-fips.us-gov-west-1.amazonaws.com"),
            (.dynamoDB, "us-isob-east-1", false, false, "dynamodb.us-isob-east-1.sc2s.sgov.gov"),
        ] as [(AWSService, String, Bool, Bool, String)]
    )
    func regional(service: AWSService, region: String, fips: Bool, dualStack: Bool, host: String) throws {
        let resolver = resolver(region) {
            $0.usesFIPS = fips
            $0.usesDualStack = dualStack
        }
        let endpoint = try resolver.endpoint(of: service, override: nil)
        #expect(endpoint.url("/") == "https://\(host)/")
        #expect(endpoint.authority == host)
    }

    @Test("the nearest override counts")
    func overrides() throws {
        let config = """
            [default]
            endpoint_url = http://profile:1
            services = local
            [services local]
            sqs =
              endpoint_url = http://profile-sqs:1/
            """
        var variables: [String: String] = [:]
        func url(_ override: String? = nil) throws -> String {
            try resolver("eu-west-1", variables, config: config).endpoint(of: .sqs, override: override).url("/q")
        }
        #expect(try url() == "http://profile-sqs:1/q")
        variables["AWS_ENDPOINT_URL"] = "http://all:2/base"
        #expect(try url() == "http://all:2/base/q")
        variables["AWS_ENDPOINT_URL_SQS"] = "http://sqs:3"
        #expect(try url() == "http://sqs:3/q")
        #expect(try url("https://mine:443") == "https://mine/q")
        variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        #expect(try url() == "https://sqs.eu-west-1.amazonaws.com/q")
    }

    @Test(
        "a URL that is no endpoint is refused",
        arguments: [
            "", "sqs.eu-west-1.amazonaws.com", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:99999",
            "http://u@h", "http://h/?q", "http://h/#f", "http://h h", "http://[::1", "http://[]", "http://h:x",
            "http://h\\x",
        ]
    )
    func malformed(url: String) {
        #expect(AWSEndpoint(url) == nil)
    }

    @Test("a host is told apart from its port and brackets")
    func host() {
        #expect(AWSEndpoint("http://[FD00:ec2::23]:80/v1")?.host == "fd00:ec2::23")
        #expect(AWSEndpoint("http://[::1]:8080")?.authority == "[::1]:8080")
        #expect(AWSEndpoint("HTTPS://Host:443/a//")?.url("/") == "https://Host/a/")
    }

    @Test("the configuration's faults are named by key")
    func validation() {
        var dynamo = DynamoDBConfiguration()
        #expect(dynamo.validate().isEmpty)
        dynamo.tableName = "a"
        dynamo.aws.region = "Frankfurt"
        dynamo.aws.endpointURL = "localhost"
        dynamo.aws.accessKeyID = "only"
        #expect(
            Set(dynamo.validate().map(\.key))
                == [
                    "database.dynamodb.table_name", "database.dynamodb.region", "database.dynamodb.endpoint_url",
                    "database.dynamodb.aws_access_key_id",
                ]
        )
        var sqs = SQSConfiguration()
        #expect(sqs.validate().isEmpty)
        sqs.maxMessages = 11
        sqs.waitTime = .seconds(21)
        sqs.visibilityTimeout = .zero
        sqs.messageGroupID = "a b"
        sqs.concurrency = 0
        #expect(
            Set(sqs.validate().map(\.key))
                == [
                    "queue.sqs.max_messages", "queue.sqs.wait_time_seconds", "queue.sqs.visibility_timeout",
                    "queue.sqs.message_group_id", "queue.sqs.concurrency",
                ]
        )
    }
}
