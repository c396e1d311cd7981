import CoreMetrics
import PrometheusMetrics
import ServerCore
import Testing

@Suite("The server's metrics in the exposition")
struct MetricTableTests {
    private static let descriptions = MetricName.allCases.map { name in
        let definition = name.definition
        return MetricDescription(
            name: name.rawValue,
            kind: MetricKind(rawValue: definition.kind.rawValue) ?? .untyped,
            help: definition.help,
            buckets: definition.buckets
        )
    }

    private func touch(_ definition: MetricDefinition, in registry: PrometheusRegistry) {
        let label = definition.name.rawValue
        let dimensions = definition.labels.map { ($0.rawValue, "1") }
        switch definition.kind {
        case .counter, .untyped:
            registry.makeCounter(label: label, dimensions: dimensions).increment(by: 1)
        case .gauge:
            registry.makeMeter(label: label, dimensions: dimensions).set(1 as Int64)
        case .histogram:
            registry.makeTimer(label: label, dimensions: dimensions).recordNanoseconds(1_000_000)
        }
    }

    @Test("every name has help, a kind and its labels, and all of them are exposed")
    func complete() {
        let registry = PrometheusRegistry(prefix: "martlet_", descriptions: Self.descriptions)
        for name in MetricName.allCases { touch(name.definition, in: registry) }
        let reader = ExpositionReader(registry.render())
        for name in MetricName.allCases {
            let definition = name.definition
            let full = "martlet_\(name.rawValue)"
            #expect(definition.help.hasSuffix("."))
            #expect((definition.kind == .histogram) == !definition.buckets.isEmpty)
            #expect(reader.help[full] == definition.help)
            #expect(reader.types[full] == definition.kind.rawValue)
            let sample = reader.samples.first {
                $0.name == (definition.kind == .histogram ? "\(full)_count" : full)
            }
            #expect(sample.map { Set($0.labels.keys) } == Set(definition.labels.map(\.rawValue)), "\(full)")
        }
        #expect(reader.repeated.isEmpty)
        #expect(reader.samples.contains { $0.name == "martlet_metric_series_dropped_total" && $0.value == "0" })
    }

    @Test("the whole table passes promtool", .enabled(if: Promtool.isExpected, Comment(rawValue: Promtool.advice)))
    func lint() throws {
        let registry = PrometheusRegistry(prefix: "martlet_", descriptions: Self.descriptions)
        for name in MetricName.allCases { touch(name.definition, in: registry) }
        #expect(try Promtool.check(registry.render()) == "")
    }
}
