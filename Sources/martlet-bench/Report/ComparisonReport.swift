/// A comparison as a Markdown document.
struct ComparisonReport {
    var rounds: Int
    var machine: String
    var noise: [Double]
    var sections: [Section] = []

    /// The runs of one scenario.
    struct Section {
        var scenario: ComparisonScenario
        var results: [RunResult]

        /// The median of a figure of one server.
        func statistics(_ server: Peer, _ figure: (RunResult) -> Double?) -> Statistics? {
            Statistics(results.filter { $0.server == server.rawValue }.compactMap(figure))
        }
    }

    /// The document.
    func markdown(peers: [Peer], chart: String?) -> String {
        var lines = [
            "# Results",
            "",
            "Written by `martlet-bench compare`. \(machine). Each server on a core of its own, the load on another, all on",
            "loopback; \(rounds) alternating rounds, medians with the lowest and the highest in parentheses. `floor` is",
            "the bare `epoll` and `send(2)` loop of `martlet-bench floor`; `martlet × floor` compares the medians. The load",
            "polls instead of sleeping, so that no server pays for waking it; nchan's publishes are not signed.",
            "",
        ]
        if let noise = Statistics(noise) {
            lines += ["A bare `send(2)` of 200 bytes cost \(noise.text) ns between the scenarios.", ""]
        }
        for section in sections {
            lines += ["## \(section.scenario.title)", "", "`\(section.scenario.command)`", ""]
            lines += table(section, peers) + [""]
        }
        if let chart { lines += ["![Latency at a fixed rate](\(chart))", ""] }
        return lines.joined(separator: "\n")
    }

    private func table(_ section: Section, _ peers: [Peer]) -> [String] {
        var figures = section.scenario.metrics.map { name in
            (title: title(name, section), figure: { (result: RunResult) in result.value(name) })
        }
        if section.scenario.comparesLatency {
            figures.append(("latency p50, µs", { $0.latency?.p50 }))
            figures.append(("latency p99, µs", { $0.latency?.p99 }))
        }
        let present = peers.filter { section.statistics($0, { _ in 0 }) != nil }
        var header = "| |"
        var rule = "|---|"
        for peer in present {
            header += " \(peer.rawValue) |"
            rule += "---|"
        }
        let hasFloor = present.contains(.floor) && present.contains(.martlet)
        if hasFloor {
            header += " martlet × floor |"
            rule += "---|"
        }
        return [header, rule]
            + figures.map { title, figure in
                var row = "| \(title) |"
                for peer in present {
                    row += " \(section.statistics(peer, figure)?.text ?? "") |"
                }
                if hasFloor { row += " \(ratio(section, figure)) |" }
                return row
            }
    }

    private func title(_ name: String, _ section: Section) -> String {
        let unit = section.results.lazy.compactMap { $0.metrics.first { $0.name == name }?.unit }.first ?? ""
        return unit.isEmpty || unit == "/s" ? name : "\(name), \(unit)"
    }

    private func ratio(_ section: Section, _ figure: (RunResult) -> Double?) -> String {
        guard let floor = section.statistics(.floor, figure), let own = section.statistics(.martlet, figure),
            floor.median > 0
        else { return "" }
        return FigureText.number(own.median / floor.median)
    }
}
