import CoreMetrics
import ServerCore

/// The transport's metrics.
final class TransportMeters: Sendable {
    private let publishedCounter: any CounterHandler
    private let receivedCounter: any CounterHandler
    private let droppedCounter: any CounterHandler
    private let reconnectionsCounter: any CounterHandler
    private let subscriptionsGauge: any MeterHandler
    private let bufferedGauge: any MeterHandler

    init(driver: String, metrics: any MetricsFactory) {
        let labels = [(MetricLabel.driver.rawValue, driver)]
        publishedCounter = metrics.makeCounter(label: MetricName.transportPublished.rawValue, dimensions: labels)
        receivedCounter = metrics.makeCounter(label: MetricName.transportReceived.rawValue, dimensions: labels)
        droppedCounter = metrics.makeCounter(label: MetricName.transportDropped.rawValue, dimensions: labels)
        reconnectionsCounter = metrics.makeCounter(
            label: MetricName.transportReconnections.rawValue,
            dimensions: labels
        )
        subscriptionsGauge = metrics.makeMeter(
            label: MetricName.transportSubscriptions.rawValue,
            dimensions: labels
        )
        bufferedGauge = metrics.makeMeter(label: MetricName.transportQueueDepth.rawValue, dimensions: labels)
    }

    func published(_ count: Int) { publishedCounter.increment(by: Int64(count)) }
    func received() { receivedCounter.increment(by: 1) }
    func dropped(_ count: Int) { droppedCounter.increment(by: Int64(count)) }
    func reconnected() { reconnectionsCounter.increment(by: 1) }
    func subscriptions(_ count: Int) { subscriptionsGauge.set(Double(count)) }
    func buffered(_ count: Int) { bufferedGauge.set(Double(count)) }
}
