/// A result as text for the terminal.
enum ResultTable {
    static func text(_ result: RunResult) -> String {
        var rows = result.settings.map { ($0.name, $0.value) }
        rows += result.metrics.map { ($0.name, FigureText.text($0.value, $0.unit)) }
        if let latency = result.latency {
            rows += [
                ("latency p50", FigureText.text(latency.p50, "µs")),
                ("latency p90", FigureText.text(latency.p90, "µs")),
                ("latency p99", FigureText.text(latency.p99, "µs")),
                ("latency p99.9", FigureText.text(latency.p999, "µs")),
                ("latency max", FigureText.text(latency.max, "µs")),
            ]
        }
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { name, value in
            "  " + name + String(repeating: " ", count: width - name.count + 2) + value
        }
        return (["\(result.scenario) · \(result.server)"] + lines).joined(separator: "\n")
    }
}
