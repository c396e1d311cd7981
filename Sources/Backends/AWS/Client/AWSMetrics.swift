package import CoreMetrics
import ServerCore
import Synchronization

/// The counters of calls to AWS, made once for each service and operation.
package final class AWSMetrics: Sendable {
    private let factory: any MetricsFactory
    private let operations = Mutex<[Key: Operation]>([:])

    private struct Key: Hashable {
        var service: AWSService
        var operation: String
    }

    /// Makes the handles in a factory.
    package init(factory: any MetricsFactory) {
        self.factory = factory
    }

    /// The handles of one operation.
    func operation(_ operation: String, of service: AWSService) -> Operation {
        operations.withLock { operations in
            let key = Key(service: service, operation: operation)
            if let known = operations[key] { return known }
            let made = Operation(
                labels: [
                    (MetricLabel.service.rawValue, service.rawValue), (MetricLabel.operation.rawValue, operation),
                ],
                factory: factory
            )
            operations[key] = made
            return made
        }
    }

    /// The counters of one operation.
    struct Operation: Sendable {
        private let requests: any CounterHandler
        private let retries: any CounterHandler
        private let throttles: any CounterHandler
        private let errors: [AWSError.Kind: any CounterHandler]
        private let seconds: any TimerHandler

        init(labels: [(String, String)], factory: any MetricsFactory) {
            func counter(_ name: MetricName, _ more: [(String, String)] = []) -> any CounterHandler {
                factory.makeCounter(label: name.rawValue, dimensions: labels + more)
            }
            requests = counter(.awsRequests)
            retries = counter(.awsRetries)
            throttles = counter(.awsThrottles)
            errors = AWSError.Kind.allCases.reduce(into: [:]) {
                $0[$1] = counter(.awsErrors, [(MetricLabel.errorType.rawValue, $1.rawValue)])
            }
            seconds = factory.makeTimer(label: MetricName.awsRequestSeconds.rawValue, dimensions: labels)
        }

        /// Counts one attempt that ended.
        func ended(after duration: Duration, error: AWSError?) {
            requests.increment(by: 1)
            let (whole, fraction) = duration.components
            seconds.recordNanoseconds(whole * 1_000_000_000 + fraction / 1_000_000_000)
            guard let error else { return }
            errors[error.kind]?.increment(by: 1)
            if error.kind == .throttled { throttles.increment(by: 1) }
        }

        /// Counts an attempt that follows a failed one.
        func retried() {
            retries.increment(by: 1)
        }
    }
}
