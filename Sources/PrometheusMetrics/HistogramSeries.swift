import CoreMetrics
import Synchronization

/// A distribution in fixed buckets; durations are counted in seconds.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    let identity: SeriesIdentity
    private let bounds: [Double]
    /// One cell for each bound and one for what is above all of them; not cumulative.
    private let cells: [Cell]
    private let sum = AtomicDouble()

    init(_ identity: SeriesIdentity, bounds: [Double]) {
        self.identity = identity
        self.bounds = bounds
        self.cells = (0...bounds.count).map { _ in Cell() }
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    /// Counts a finite observation; another would spoil the sum for good and is left out.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        cells[bucket].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1_000_000_000)
    }

    func write(to text: inout TextExposition) {
        let separator = identity.labels.isEmpty ? "" : ","
        var total: UInt64 = 0
        for (index, cell) in cells.enumerated() {
            total += cell.count.load(ordering: .relaxed)
            let bound = index < bounds.count ? TextExposition.text(of: bounds[index]) : "+Inf"
            let labels = "\(identity.labels)\(separator)le=\"\(bound)\""
            text.sample("\(identity.family)_bucket", labels: labels, value: Int64(clamping: total))
        }
        text.sample("\(identity.family)_sum", labels: identity.labels, value: sum.value)
        text.sample("\(identity.family)_count", labels: identity.labels, value: Int64(clamping: total))
    }

    /// One bucket's own count.
    private final class Cell: Sendable {
        let count = Atomic<UInt64>(0)
    }
}
