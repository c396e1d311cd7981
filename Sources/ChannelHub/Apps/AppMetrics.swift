package import CoreMetrics
package import PusherProtocol
import ServerCore

/// The metric handles of one app, made once.
///
/// A class, because requests pass it on and copying a structure would count a reference for each handle.
package final class AppMetrics: Sendable {
    package let connected: any MeterHandler
    package let newConnections: any CounterHandler
    package let newDisconnections: any CounterHandler
    package let receivedBytes: any CounterHandler
    package let transmittedBytes: any CounterHandler
    package let messagesReceived: any CounterHandler
    package let messagesSent: any CounterHandler
    let clusterEventDrops: any CounterHandler
    package let slowConsumerDrops: any CounterHandler
    package let slowConsumerDisconnects: any CounterHandler
    package let httpReceivedBytes: any CounterHandler
    package let httpTransmittedBytes: any CounterHandler
    package let httpCalls: any CounterHandler
    package let idempotencyPublishes: any CounterHandler
    package let idempotencyDuplicates: any CounterHandler
    private let byChannelType: [String: ChannelMetrics]

    init(factory: any MetricsFactory, appID: String, port: String) {
        let labels = [("app_id", appID), ("port", port)]
        func counter(_ name: MetricName) -> any CounterHandler {
            factory.makeCounter(label: name.rawValue, dimensions: labels)
        }
        connected = factory.makeMeter(label: MetricName.connected.rawValue, dimensions: labels)
        newConnections = counter(.newConnections)
        newDisconnections = counter(.newDisconnections)
        receivedBytes = counter(.socketReceivedBytes)
        transmittedBytes = counter(.socketTransmittedBytes)
        messagesReceived = counter(.messagesReceived)
        messagesSent = counter(.messagesSent)
        clusterEventDrops = counter(.clusterEventDrops)
        slowConsumerDrops = counter(.slowConsumerDrops)
        slowConsumerDisconnects = counter(.slowConsumerDisconnects)
        httpReceivedBytes = counter(.httpReceivedBytes)
        httpTransmittedBytes = counter(.httpTransmittedBytes)
        httpCalls = counter(.httpCalls)
        idempotencyPublishes = counter(.idempotencyPublishes)
        idempotencyDuplicates = counter(.idempotencyDuplicates)
        byChannelType = Dictionary(
            uniqueKeysWithValues: ChannelKind.metricLabels.map {
                ($0, ChannelMetrics(factory: factory, labels: labels + [("channel_type", $0)]))
            }
        )
    }

    /// The handles for one kind of channel.
    package func channels(of kind: ChannelKind) -> ChannelMetrics? {
        byChannelType[kind.metricLabel]
    }
}

/// The metric handles of one kind of channel in one app.
package struct ChannelMetrics: Sendable {
    package let active: any MeterHandler
    package let subscriptions: any CounterHandler
    package let unsubscriptions: any CounterHandler

    init(factory: any MetricsFactory, labels: [(String, String)]) {
        active = factory.makeMeter(label: MetricName.activeChannels.rawValue, dimensions: labels)
        subscriptions = factory.makeCounter(label: MetricName.channelSubscriptions.rawValue, dimensions: labels)
        unsubscriptions = factory.makeCounter(label: MetricName.channelUnsubscriptions.rawValue, dimensions: labels)
    }
}
