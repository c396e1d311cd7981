package import CurlHTTP
package import ServerCore

/// Everything that AWS offers to the server: apps in DynamoDB, jobs in SQS, functions in Lambda.
///
/// All clients share one HTTP client; each service has credentials and limits of its own configuration.
package struct AWSBackend: Sendable {
    private let transport: any HTTPTransport
    private let environment: AWSEnvironment

    /// Makes a backend that sends with one HTTP client.
    package init(transport: any HTTPTransport, environment: AWSEnvironment) {
        self.transport = transport
        self.environment = environment
    }

    /// Makes the app store; nothing is sent yet.
    package func appManager(_ configuration: DynamoDBConfiguration) throws(BackendError) -> DynamoDBAppManager {
        let client = try client(of: .dynamoDB, configuration.aws)
        return DynamoDBAppManager(client: DynamoDBClient(client: client), configuration: configuration)
    }

    /// Makes an administrator of the app store's table.
    package func table(_ configuration: DynamoDBConfiguration) throws(BackendError) -> DynamoDBTable {
        let client = try client(of: .dynamoDB, configuration.aws)
        return DynamoDBTable(
            client: DynamoDBClient(client: client),
            configuration: configuration,
            environment: environment
        )
    }

    /// Makes the job queue; `group` names the message group of a payload on a FIFO queue.
    ///
    /// Nothing is sent yet.
    package func jobQueue(
        _ configuration: SQSConfiguration,
        group: @escaping @Sendable ([UInt8]) -> String? = { _ in nil }
    ) throws(BackendError) -> SQSJobQueue {
        let client = try client(of: .sqs, configuration.aws)
        return SQSJobQueue(
            client: SQSClient(client: client, wireProtocol: configuration.wireProtocol),
            configuration: configuration,
            environment: environment,
            group: group
        )
    }

    /// Makes the invoker of Lambda functions; nothing is sent yet.
    package func functions(_ configuration: AWSConfiguration = AWSConfiguration()) -> LambdaFunctions {
        LambdaFunctions(backend: self, configuration: configuration)
    }

    /// Makes a signing client of a service.
    package func client(
        of service: AWSService,
        _ configuration: AWSConfiguration
    ) throws(BackendError) -> AWSClient {
        let shared = SharedConfiguration(environment: environment)
        let region = region(configuration, shared)
        let resolver = EndpointResolver(
            region: region,
            configuration: configuration,
            shared: shared,
            environment: environment
        )
        let settings = AWSClientSettings(configuration: configuration, environment: environment)
        let sts = AWSClient(
            service: .sts,
            endpoint: try resolver.endpoint(of: .sts, override: nil),
            region: region,
            credentials: nil,
            transport: transport,
            settings: AWSClientSettings(),
            environment: environment
        )
        let chain = CredentialChain(
            configuration: configuration,
            shared: shared,
            sts: sts,
            transport: transport,
            environment: environment
        )
        return AWSClient(
            service: service,
            endpoint: try resolver.endpoint(of: service, override: configuration.endpointURL),
            region: region,
            credentials: CredentialCache(provider: chain, environment: environment),
            transport: transport,
            settings: settings,
            environment: environment
        )
    }

    private func region(_ configuration: AWSConfiguration, _ shared: SharedConfiguration) -> String {
        configuration.region ?? environment.variable("AWS_REGION") ?? environment.variable("AWS_DEFAULT_REGION")
            ?? shared.profile(configuration.profile)["region"] ?? AWSConfiguration.fallbackRegion
    }
}
