package import CoreMetrics
import Synchronization

/// Makes swift-metrics handles and writes what they counted in the Prometheus text format.
///
/// A handle is made once and kept: making one takes a lock and looks its labels up, counting with it is one atomic
/// addition. Equal names and labels give the same handle; it has as many owners as it was made times and leaves the
/// exposition when the last one destroys it. The number of families and of series in each is bounded: what is beyond
/// gets a handle that works and is never shown, and `…metric_series_dropped_total` counts it.
package final class PrometheusRegistry: MetricsFactory {
    /// The value of the HTTP field `Content-Type` for what `render` returns.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let prefix: String
    private let descriptions: [String: MetricDescription]
    private let maxFamilies: Int
    private let maxSeriesPerFamily: Int
    private let process = ProcessMetrics()
    private let families = Mutex<[String: MetricFamily]>([:])
    private let dropped: CounterSeries

    /// Makes an empty registry.
    ///
    /// The prefix goes in front of every name but those of the process. A name that is not described gets the kind of
    /// the first handle, the default buckets and a help text that says so.
    package init(
        prefix: String = "martlet_",
        descriptions: [MetricDescription] = [],
        maxFamilies: Int = 1_000,
        maxSeriesPerFamily: Int = 10_000
    ) {
        self.prefix = prefix
        self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }) { _, last in last }
        self.maxFamilies = maxFamilies
        self.maxSeriesPerFamily = maxSeriesPerFamily
        let name = MetricText.metricName(prefix + "metric_series_dropped_total")
        self.dropped = CounterSeries(SeriesIdentity(family: name, labels: ""))
    }

    /// Writes all families, ordered by name, then the process's own.
    ///
    /// Reads `/proc`: a short, synchronous call that belongs off the event loops.
    package func render() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = TextExposition()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.entries.isEmpty {
            family.write(name: name, to: &text)
        }
        text.family(
            dropped.identity.family,
            kind: .counter,
            help: "Metric series that are not shown: too many labels in a family, or the wrong type for its name."
        )
        dropped.write(to: &text)
        process.write(to: &text)
        return text.bytes
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        make(label, dimensions, kind: .counter) { identity, _ in CounterSeries(identity) }
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        make(label, dimensions, kind: .counter) { identity, _ in CounterSeries(identity) }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        make(label, dimensions, kind: .gauge) { identity, _ in GaugeSeries(identity) }
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return makeHistogram(label, dimensions) }
        return make(label, dimensions, kind: .gauge) { identity, _ in GaugeSeries(identity) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        makeHistogram(label, dimensions)
    }

    package func destroyCounter(_ handler: any CounterHandler) {
        release(handler)
    }

    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        release(handler)
    }

    package func destroyMeter(_ handler: any MeterHandler) {
        release(handler)
    }

    package func destroyRecorder(_ handler: any RecorderHandler) {
        release(handler)
    }

    package func destroyTimer(_ handler: any TimerHandler) {
        release(handler)
    }
}

extension PrometheusRegistry {
    private func makeHistogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        make(label, dimensions, kind: .histogram) { identity, description in
            HistogramSeries(identity, bounds: description.buckets)
        }
    }

    private func make<Series: MetricSeries>(
        _ label: String,
        _ dimensions: [(String, String)],
        kind: MetricKind,
        _ makeSeries: (SeriesIdentity, MetricDescription) -> Series
    ) -> Series {
        let identity = SeriesIdentity(
            family: MetricText.metricName(prefix + label),
            labels: MetricText.labels(dimensions)
        )
        return families.withLock { families in
            if let series = families[identity.family]?.share(identity.labels, as: Series.self) { return series }
            let description = families[identity.family]?.description ?? description(of: label, kind: kind)
            let series = makeSeries(identity, description)
            guard description.admits(kind), hasRoom(for: identity, in: families) else {
                dropped.increment(by: 1 as Int64)
                return series
            }
            families[identity.family, default: MetricFamily(description)].add(series)
            return series
        }
    }

    private func description(of label: String, kind: MetricKind) -> MetricDescription {
        descriptions[label] ?? MetricDescription(name: label, kind: kind, help: "Not described: \(label).")
    }

    /// Says no also when the labels are taken by a series of another type.
    private func hasRoom(for identity: SeriesIdentity, in families: [String: MetricFamily]) -> Bool {
        guard let family = families[identity.family] else { return families.count < maxFamilies }
        return family.entries.count < maxSeriesPerFamily && family.entries[identity.labels] == nil
    }

    private func release(_ handler: AnyObject) {
        guard let series = handler as? any MetricSeries else { return }
        families.withLock { families in
            families[series.identity.family]?.release(series)
        }
    }
}
