package import CoreMetrics
package import Logging
import Synchronization

/// Counts the failures of one role's backend and tells of the beginning and the end of an outage.
package final class OutageMonitor: Sendable {
    private let role: String
    private let logger: Logger
    private let failures: any CounterHandler
    private let isOut = Mutex(false)

    /// Makes a monitor of a role, such as `cache`.
    package init(role: String, metrics: any MetricsFactory, logger: Logger) {
        self.role = role
        self.logger = logger
        failures = metrics.makeCounter(
            label: MetricName.backendFailures.rawValue,
            dimensions: [(MetricLabel.role.rawValue, role)]
        )
    }

    /// Takes note of a call that failed.
    package func failed(_ error: BackendError) {
        failures.increment(by: 1)
        let isNews = isOut.withLock { isOut in
            defer { isOut = true }
            return !isOut
        }
        guard isNews else { return }
        logger.warning(
            "a backend does not answer",
            metadata: .init([
                .backendRole: "\(role)", .errorCode: "\(error.code.rawValue)", .errorMessage: "\(error)",
            ])
        )
    }

    /// Takes note of a call that succeeded.
    package func succeeded() {
        let isNews = isOut.withLock { isOut in
            defer { isOut = false }
            return isOut
        }
        guard isNews else { return }
        logger.notice("a backend answers again", metadata: .init([.backendRole: "\(role)"]))
    }

    /// Does something at the backend and takes note of how it ended.
    func watch<Value: Sendable>(
        _ body: () async throws(BackendError) -> Value
    ) async throws(BackendError) -> Value {
        do throws(BackendError) {
            let value = try await body()
            succeeded()
            return value
        } catch {
            failed(error)
            throw error
        }
    }
}
