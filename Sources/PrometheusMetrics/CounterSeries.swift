import CoreMetrics
import Synchronization

/// A counter in whole numbers, in fractions, or in both.
///
/// Whole numbers are kept apart, so that they stay exact beyond 2^53.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    let identity: SeriesIdentity
    private let whole = Atomic<Int64>(0)
    private let fraction = AtomicDouble()

    init(_ identity: SeriesIdentity) {
        self.identity = identity
    }

    /// Adds; a counter never goes down, so an amount that is not positive does nothing.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Adds a finite, positive amount; another would spoil the counter for good and does nothing.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fraction.add(amount)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0)
    }

    func write(to text: inout TextExposition) {
        let whole = whole.load(ordering: .relaxed)
        let fraction = fraction.value
        if fraction == 0 {
            text.sample(identity.family, labels: identity.labels, value: whole)
        } else {
            text.sample(identity.family, labels: identity.labels, value: Double(whole) + fraction)
        }
    }
}
