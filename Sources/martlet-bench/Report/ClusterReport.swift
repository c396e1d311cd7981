/// Measurements of clusters as Markdown tables: a row for each figure, a column for each kind of cluster.
struct ClusterReport {
    let results: [RunResult]

    /// The tables.
    var markdown: String {
        let labels = inOrder(results.map(\.server))
        return inOrder(results.map(\.scenario)).map { section($0, labels) }.joined(separator: "\n")
    }

    private func section(_ scenario: String, _ labels: [String]) -> String {
        let runs = results.filter { $0.scenario == scenario }
        let present = labels.filter { label in runs.contains { $0.server == label } }
        var lines = [
            "### \(scenario)", "", "| | " + present.joined(separator: " | ") + " |",
            "|---|" + String(repeating: "---:|", count: present.count),
        ]
        func add(_ title: String, _ figure: (RunResult) -> Double?) {
            let cells = present.map { label in
                Statistics(runs.filter { $0.server == label }.compactMap(figure)).map(text) ?? ""
            }
            lines.append("| \(title) | " + cells.joined(separator: " | ") + " |")
        }
        for name in inOrder(runs.flatMap { $0.metrics.map(\.name) }) {
            let unit = runs.lazy.flatMap(\.metrics).first { $0.name == name }?.unit ?? ""
            let isNamed = unit.isEmpty || name.hasSuffix(unit) || unit == "/s"
            add(isNamed ? name : "\(name), \(unit)") { $0.value(name) }
        }
        if runs.contains(where: { $0.latency != nil }) {
            add("latency p50, µs") { $0.latency?.p50 }
            add("latency p99, µs") { $0.latency?.p99 }
        }
        return (lines + [""]).joined(separator: "\n")
    }

    private func text(_ statistics: Statistics) -> String {
        let isSingle = statistics.lowest == statistics.highest
        return isSingle ? FigureText.number(statistics.median) : statistics.text
    }

    private func inOrder(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
