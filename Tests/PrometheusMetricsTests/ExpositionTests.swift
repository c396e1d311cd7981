import CoreMetrics
import TestSupport
import Testing

@testable import PrometheusMetrics

@Suite("The text exposition")
struct ExpositionTests {
    static let hostileValues = [
        "\"} 1\nfake_total 7\n#", "back\\slash\\", "\\n", "\n\n", "\"\"\"", "{a=\"b\"}", "", " ", "é\u{301}🦤", "\r\n",
        "\0nul", "\u{85}\u{2028}", "# HELP x y",
    ]

    @Test("a hostile label value stays one value of one sample", arguments: hostileValues)
    func hostileLabels(value: String) {
        let registry = PrometheusRegistry(prefix: "")
        registry.makeCounter(label: "x_total", dimensions: [("v", value)]).increment(by: 1)
        let samples = ExpositionReader(registry.render()).samples.filter { !$0.name.hasPrefix("process_") }
        let expected = String(String.UnicodeScalarView(value.unicodeScalars.map { $0 == "\0" ? "\u{fffd}" : $0 }))
        #expect(samples.map(\.name) == ["metric_series_dropped_total", "x_total"].reversed())
        #expect(samples.first?.labels == ["v": expected])
    }

    @Test("hostile label values pass promtool", .enabled(if: Promtool.isExpected, Comment(rawValue: Promtool.advice)))
    func hostileLabelsLint() throws {
        let registry = PrometheusRegistry(
            prefix: "t_",
            descriptions: [MetricDescription(name: "x_total", kind: .counter, help: "X \\ \n \" y.")]
        )
        for value in Self.hostileValues {
            registry.makeCounter(label: "x_total", dimensions: [("v", value)]).increment(by: 1)
        }
        #expect(try Promtool.check(registry.render()) == "")
    }

    @Test("promtool finds what it is there for", .enabled(if: Promtool.isExpected, Comment(rawValue: Promtool.advice)))
    func lintFinds() throws {
        let registry = PrometheusRegistry(prefix: "t_")
        registry.makeCounter(label: "bytes", dimensions: []).increment(by: 1)
        #expect(try Promtool.check(registry.render()).contains("t_bytes"))
    }

    @Test("random label sets come back as they went in", arguments: 0..<20)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet: [Unicode.Scalar] = ["a", "\\", "\"", "\n", "n", "{", "}", ",", "=", " ", "#", "é", "🦤", "\r"]
        var expected: Set<[String: String]> = []
        let registry = PrometheusRegistry(prefix: "")
        for _ in 0..<200 {
            var labels: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let name = "l\(Int.random(in: 0...9, using: &random))"
                let length = Int.random(in: 0...12, using: &random)
                let scalars = (0..<length).compactMap { _ in alphabet.randomElement(using: &random) }
                labels[name] = String(String.UnicodeScalarView(scalars))
            }
            registry.makeCounter(label: "r_total", dimensions: labels.map { ($0.key, $0.value) }).increment(by: 1)
            expected.insert(labels)
        }
        let samples = ExpositionReader(registry.render()).samples.filter { $0.name == "r_total" }
        #expect(Set(samples.map(\.labels)) == expected)
        #expect(samples.count == expected.count)
    }

    @Test(
        "names are made legal",
        arguments: [("a.b-c", "a_b_c"), ("9x", "_9x"), ("", "_"), ("ü", "__"), ("a:b", "a:b")]
    )
    func metricNames(given: String, expected: String) {
        #expect(MetricText.metricName(given) == expected)
    }

    @Test(
        "label names are made legal",
        arguments: [("app.id", "app_id"), ("le", "exported_le"), ("__name__", "_name__"), ("a:b", "a_b"), ("1", "_1")]
    )
    func labelNames(given: String, expected: String) {
        #expect(MetricText.labelName(given) == expected)
    }

    @Test(
        "numbers are spelled as the format wants them",
        arguments: [
            (1.0, "1"), (0.25, "0.25"), (-3.0, "-3"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
            (1e300, "1e+300"),
        ]
    )
    func numbers(value: Double, text: String) {
        #expect(TextExposition.text(of: value) == text)
    }
}
