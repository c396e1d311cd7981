import CoreMetrics
import PrometheusMetrics
import TestSupport
import Testing

@Suite("The Prometheus registry")
struct PrometheusRegistryTests {
    private func lines(_ registry: PrometheusRegistry, of name: String) -> [String] {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.contains(name) }
    }

    @Test("a family has one HELP and one TYPE line and its series in the order of their labels")
    func family() {
        let registry = PrometheusRegistry(
            prefix: "t_",
            descriptions: [MetricDescription(name: "hits_total", kind: .counter, help: "Hits \\ and\nmore.")]
        )
        let factory: any MetricsFactory = registry
        Counter(label: "hits_total", dimensions: [("port", "2"), ("app_id", "b")], factory: factory).increment(by: 2)
        Counter(label: "hits_total", dimensions: [("app_id", "a"), ("port", "1")], factory: factory).increment()
        #expect(
            lines(registry, of: "t_hits_total") == [
                #"# HELP t_hits_total Hits \\ and\nmore."#,
                "# TYPE t_hits_total counter",
                #"t_hits_total{app_id="a",port="1"} 1"#,
                #"t_hits_total{app_id="b",port="2"} 2"#,
            ]
        )
    }

    @Test("the same labels in any order are one handle")
    func deduplication() {
        let registry = PrometheusRegistry()
        let one = registry.makeCounter(label: "c", dimensions: [("a", "1"), ("b", "2")])
        let two = registry.makeCounter(label: "c", dimensions: [("b", "2"), ("a", "1")])
        #expect(one === two)
        let fractions = registry.makeFloatingPointCounter(label: "c", dimensions: [("a", "1"), ("b", "2")])
        one.increment(by: 2)
        fractions.increment(by: 0.5)
        #expect(lines(registry, of: "martlet_c{") == [#"martlet_c{a="1",b="2"} 2.5"#])
    }

    @Test("counters never go down and take no infinity or NaN")
    func counterAmounts() {
        let registry = PrometheusRegistry(prefix: "")
        let whole = registry.makeCounter(label: "whole", dimensions: [])
        let parts = registry.makeFloatingPointCounter(label: "parts", dimensions: [])
        for amount in [3, -1, 0] as [Int64] { whole.increment(by: amount) }
        for amount in [0.25, -1, .infinity, .nan] { parts.increment(by: amount) }
        #expect(lines(registry, of: "whole ").last == "whole 3")
        #expect(lines(registry, of: "parts ").last == "parts 0.25")
    }

    @Test("meters and gauges go up and down")
    func gauges() {
        let registry = PrometheusRegistry(prefix: "")
        let meter = registry.makeMeter(label: "meter", dimensions: [])
        let gauge = registry.makeRecorder(label: "gauge", dimensions: [], aggregate: false)
        meter.set(5 as Int64)
        meter.increment(by: 2)
        meter.decrement(by: 10)
        gauge.record(1.5)
        #expect(lines(registry, of: "meter ").last == "meter -3")
        #expect(lines(registry, of: "gauge ").last == "gauge 1.5")
    }

    @Test("a timer is a cumulative histogram in seconds with the buckets of its name")
    func histogram() {
        let registry = PrometheusRegistry(
            prefix: "",
            descriptions: [
                MetricDescription(name: "t_seconds", kind: .histogram, help: "T.", buckets: [1, 0.1, .infinity, 1])
            ]
        )
        let timer = registry.makeTimer(label: "t_seconds", dimensions: [("k", "v")])
        for nanoseconds in [50_000_000, 100_000_000, 500_000_000, 3_000_000_000] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        let recorder = registry.makeRecorder(label: "t_seconds", dimensions: [("k", "v")], aggregate: true)
        recorder.record(Double.nan)
        #expect(
            lines(registry, of: "t_seconds") == [
                "# HELP t_seconds T.",
                "# TYPE t_seconds histogram",
                #"t_seconds_bucket{k="v",le="0.1"} 2"#,
                #"t_seconds_bucket{k="v",le="1"} 3"#,
                #"t_seconds_bucket{k="v",le="+Inf"} 4"#,
                #"t_seconds_sum{k="v"} 3.65"#,
                #"t_seconds_count{k="v"} 4"#,
            ]
        )
    }

    @Test("a handle leaves the exposition when its last owner destroys it")
    func destruction() {
        let registry = PrometheusRegistry(prefix: "")
        let first = registry.makeCounter(label: "c_total", dimensions: [])
        let second = registry.makeCounter(label: "c_total", dimensions: [])
        first.increment(by: 1)
        registry.destroyCounter(first)
        #expect(lines(registry, of: "c_total ").last == "c_total 1")
        registry.destroyCounter(second)
        registry.destroyCounter(second)
        #expect(lines(registry, of: "c_total").isEmpty)
        let again = registry.makeCounter(label: "c_total", dimensions: [])
        registry.destroyCounter(second)
        again.increment(by: 7)
        #expect(lines(registry, of: "c_total ").last == "c_total 7")
    }

    @Test("series and families beyond the bounds are counted, not kept")
    func bounds() {
        let registry = PrometheusRegistry(prefix: "", maxFamilies: 2, maxSeriesPerFamily: 3)
        for index in 0..<10 {
            registry.makeCounter(label: "a", dimensions: [("i", "\(index)")]).increment(by: 1)
        }
        for name in ["b", "c", "d"] { registry.makeCounter(label: name, dimensions: []).increment(by: 1) }
        #expect(lines(registry, of: "a{").count == 3)
        #expect(lines(registry, of: "d ").filter { $0.hasPrefix("d") }.isEmpty)
        #expect(lines(registry, of: "metric_series_dropped_total ").last == "metric_series_dropped_total 9")
    }

    @Test("a handle of the wrong type for its name works, is not shown and is counted")
    func wrongKind() {
        let registry = PrometheusRegistry(
            prefix: "",
            descriptions: [MetricDescription(name: "x_total", kind: .counter, help: "X.")]
        )
        let gauge = registry.makeMeter(label: "x_total", dimensions: [])
        gauge.set(9.0)
        registry.makeCounter(label: "x_total", dimensions: []).increment(by: 1)
        registry.makeTimer(label: "x_total", dimensions: []).recordNanoseconds(1)
        #expect(lines(registry, of: "x_total ").last == "x_total 1")
        #expect(lines(registry, of: "metric_series_dropped_total ").last == "metric_series_dropped_total 2")
    }

    @Test("increments from many threads are all counted")
    func concurrency() async {
        let registry = PrometheusRegistry(prefix: "")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = registry.makeCounter(label: "n_total", dimensions: [])
                    let parts = registry.makeFloatingPointCounter(label: "f_total", dimensions: [])
                    let meter = registry.makeMeter(label: "level", dimensions: [])
                    let timer = registry.makeTimer(label: "t", dimensions: [])
                    for _ in 0..<5_000 {
                        counter.increment(by: 1)
                        parts.increment(by: 0.5)
                        meter.increment(by: 1)
                        timer.recordNanoseconds(1_000_000_000)
                    }
                }
            }
        }
        #expect(lines(registry, of: "n_total ").last == "n_total 40000")
        #expect(lines(registry, of: "f_total ").last == "f_total 20000")
        #expect(lines(registry, of: "level ").last == "level 40000")
        #expect(lines(registry, of: "t_count").last == "t_count 40000")
        #expect(lines(registry, of: "t_sum").last == "t_sum 40000")
    }
}
