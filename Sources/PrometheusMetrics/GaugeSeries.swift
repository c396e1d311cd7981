import CoreMetrics

/// A value that goes up and down.
final class GaugeSeries: MetricSeries, RecorderHandler, MeterHandler {
    let identity: SeriesIdentity
    private let number = AtomicDouble()

    init(_ identity: SeriesIdentity) {
        self.identity = identity
    }

    func record(_ value: Int64) {
        number.store(Double(value))
    }

    func record(_ value: Double) {
        number.store(value)
    }

    func set(_ value: Int64) {
        number.store(Double(value))
    }

    func set(_ value: Double) {
        number.store(value)
    }

    func increment(by amount: Double) {
        number.add(amount)
    }

    func decrement(by amount: Double) {
        number.add(-amount)
    }

    func write(to text: inout TextExposition) {
        text.sample(identity.family, labels: identity.labels, value: number.value)
    }
}
