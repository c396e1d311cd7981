import AWSBackend
import CurlHTTP
import ServerCore
import ServiceLifecycle
import Webhooks

/// The way of a webhook event from the hub to its endpoint: buffer, batches, queue, delivery.
struct WebhookPipeline {
    /// Where the hub leaves its events.
    let buffer: WebhookBuffer
    /// In the order in which they start; they stop in the opposite one, so that the last batches are delivered.
    let services: [any Service]

    init(
        _ configuration: WebhookConfiguration,
        apps: CachedAppManager,
        queue: any JobQueue,
        telemetry: Telemetry
    ) throws {
        let metrics = WebhookMetrics(factory: telemetry.registry)
        let logger = telemetry.logger("martlet.webhooks")
        let environment = WebhookEnvironment(metrics: metrics, logger: logger)
        let transport = try CurlHTTPClient()
        let aws = AWSBackend(
            transport: transport,
            environment: AWSEnvironment(logger: telemetry.logger("martlet.aws"), metrics: telemetry.registry)
        )
        buffer = WebhookBuffer(configuration: configuration, metrics: metrics, logger: logger)
        services = [
            WebhookDispatcher(
                queue: queue,
                apps: apps,
                transport: transport,
                lambda: aws.functions(),
                configuration: configuration,
                environment: environment
            ),
            WebhookBatcher(
                buffer: buffer,
                apps: apps,
                queue: queue,
                configuration: configuration,
                environment: environment
            ),
        ]
    }
}
