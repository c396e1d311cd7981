import CoreMetrics
import Synchronization

/// A metrics factory that adds counters up, by label and dimensions.
final class TestMetrics: MetricsFactory {
    private let totals = Mutex<[String: Int64]>([:])

    /// The sum of a counter over all series whose name and dimensions contain the given texts.
    func total(_ label: String, _ dimensions: String...) -> Int64 {
        totals.withLock { totals in
            totals.filter { key, _ in key.hasPrefix(label + "|") && dimensions.allSatisfy { key.contains("|\($0)|") } }
                .values.reduce(0, +)
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(key: Self.key(label, dimensions), metrics: self)
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Handler(key: Self.key(label, dimensions), metrics: self)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(key: Self.key(label, dimensions), metrics: self)
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> String {
        label + "|" + dimensions.map { "\($0.0)=\($0.1)|" }.joined()
    }

    private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
        private let key: String
        private let metrics: TestMetrics

        init(key: String, metrics: TestMetrics) {
            self.key = key
            self.metrics = metrics
        }

        func increment(by amount: Int64) {
            metrics.totals.withLock { $0[key, default: 0] += amount }
        }

        func reset() {}
        func record(_ value: Int64) {}
        func record(_ value: Double) {}

        func recordNanoseconds(_ duration: Int64) {
            increment(by: 1)
        }
    }
}
