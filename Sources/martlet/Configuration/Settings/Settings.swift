import AWSBackend
import ChannelHub
import Server
import ServerCore
import Webhooks

/// Everything that the process was told: the configuration of each part, the drivers, and the apps.
///
/// A fresh value holds the defaults. ``SettingsLoader`` is the way to a validated one.
struct Settings: Sendable, Equatable {
    var server = ServerConfiguration()
    var hub = HubConfiguration()
    var webhooks = WebhookConfiguration()
    var logging = LoggingSettings()
    var drivers = DriverSettings()
    var appManager = AppManagerSettings()
    var memoryCache = MemoryCacheSettings()
    var queue = QueueSettings()
    /// Of the driver `dynamodb` of the app manager.
    var dynamoDB = DynamoDBConfiguration()
    /// Of the driver `sqs` of the queue.
    var sqs = SQSConfiguration()
    /// A name for the deployment, such as `production`; shown, and without effect.
    var mode = "production"
    /// The name of this node in logs; `nil` chooses a random one.
    var instanceID: String?

    /// Lists what cannot work; empty when everything can.
    ///
    /// The sections of drivers that are not in use are not looked at.
    func validate() -> [ConfigurationProblem] {
        server.validate() + hub.validate() + webhooks.validate() + appManager.validate() + memoryCache.validate()
            + queue.validate()
            + (drivers.appManager == .dynamoDB ? dynamoDB.validate() : [])
            + (drivers.queue == .sqs ? sqs.validate() : [])
    }
}
