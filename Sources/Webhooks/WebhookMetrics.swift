package import CoreMetrics
import ServerCore
import Synchronization

/// The counters of the webhooks, made once for each app.
package final class WebhookMetrics: Sendable {
    let claimed: Counter
    let acknowledged: Counter
    let retried: Counter
    let deadLettered: Counter
    let processing: Timer
    let waitingDepth: Gauge
    let leasedDepth: Gauge
    let deadLetterDepth: Gauge
    let oldestAge: Gauge
    let jobAge: Timer

    private let factory: any MetricsFactory
    private let apps = Mutex<[String: AppMetrics]>([:])

    /// Makes the handles in a factory, by default the process's.
    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
        func counter(_ name: MetricName, _ labels: [(String, String)] = []) -> Counter {
            Counter(label: name.rawValue, dimensions: labels, factory: factory)
        }
        func depth(_ state: String) -> Gauge {
            Gauge(label: MetricName.queueDepth.rawValue, dimensions: [("state", state)], factory: factory)
        }
        claimed = counter(.queueClaimed)
        acknowledged = counter(.queueSettled, [("outcome", "acknowledged")])
        retried = counter(.queueSettled, [("outcome", "retried")])
        deadLettered = counter(.queueSettled, [("outcome", "dead_lettered")])
        processing = Timer(label: MetricName.queueProcessingSeconds.rawValue, dimensions: [], factory: factory)
        waitingDepth = depth("waiting")
        leasedDepth = depth("leased")
        deadLetterDepth = depth("dead_lettered")
        oldestAge = Gauge(label: MetricName.queueOldestSeconds.rawValue, dimensions: [], factory: factory)
        jobAge = Timer(label: MetricName.queueJobAgeSeconds.rawValue, dimensions: [], factory: factory)
    }

    /// The handles of one app.
    func app(_ id: String) -> AppMetrics {
        apps.withLock { apps in
            if let metrics = apps[id] { return metrics }
            let metrics = AppMetrics(appID: id, factory: factory)
            apps[id] = metrics
            return metrics
        }
    }

    /// The counters of one app's webhooks.
    struct AppMetrics: Sendable {
        let events: Counter
        let dropped: Counter
        let delivered: Counter
        /// The endpoint answered, but not with 2xx.
        let refused: Counter
        /// There was no answer.
        let failed: Counter
        let retries: Counter
        let deadLetters: Counter
        let seconds: Timer

        init(appID: String, factory: any MetricsFactory) {
            func counter(_ name: MetricName, _ labels: [(String, String)] = []) -> Counter {
                Counter(label: name.rawValue, dimensions: [("app_id", appID)] + labels, factory: factory)
            }
            events = counter(.webhookEvents)
            dropped = counter(.webhookEventsDropped)
            delivered = counter(.webhookDeliveries, [("outcome", "delivered")])
            refused = counter(.webhookDeliveries, [("outcome", "refused")])
            failed = counter(.webhookDeliveries, [("outcome", "failed")])
            retries = counter(.webhookRetries)
            deadLetters = counter(.webhookDeadLetters)
            seconds = Timer(
                label: MetricName.webhookDeliverySeconds.rawValue,
                dimensions: [("app_id", appID)],
                factory: factory
            )
        }
    }
}
