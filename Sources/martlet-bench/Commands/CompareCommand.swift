import ArgumentParser
import Glibc

extension Peer: ExpressibleByArgument {}

/// Measures several servers in alternation and writes the report.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Run every scenario against Martlet, the floor and nchan in alternation."
    )

    @Option(help: "The server's program.")
    var martlet = ".build/release/martlet"

    @Option(help: "The servers: floor, martlet, nchan.")
    var peers: [Peer] = Peer.allCases

    @Option(help: "Alternating rounds of each scenario.")
    var rounds = 7

    @Option(help: "Seconds of one run.")
    var seconds = 2.0

    @Option(help: "Only scenarios whose title contains this text.")
    var only = ""

    @Option(help: "The core of the servers.")
    var serverCPU = 0

    @Option(help: "The core of the load.")
    var cpu = 1

    @Option(help: "Write the report as Markdown to this file; an SVG of the latency goes beside it.")
    var report: String?

    @Option(help: "Write all results as JSON to this file.")
    var json: String?

    func run() throws {
        try Affinity.pin(toCore: cpu)
        let setup = PeerSetup(
            martletPath: martlet,
            ownPath: CommandLine.arguments[0],
            folder: try temporaryFolder(),
            core: serverCPU
        )
        var document = ComparisonReport(rounds: rounds, machine: MachineDescription.text, noise: [])
        for scenario in ComparisonScenario.all(seconds: seconds) where only.isEmpty || scenario.title.contains(only) {
            document.noise.append(try NoiseProbe.sendNanoseconds())
            document.sections.append(.init(scenario: scenario, results: try measure(scenario, setup)))
        }
        document.noise.append(try NoiseProbe.sendNanoseconds())
        let chart = try report.flatMap { try writeChart(document, beside: $0) }
        let markdown = document.markdown(peers: peers, chart: chart)
        print(markdown)
        if let report { try TextFile.write(markdown + Self.tail(of: report), to: report) }
        if let json { try TextFile.write(try ResultFile.encode(document.sections.flatMap(\.results)), to: json) }
    }

    /// What an earlier report says below the mark, which no comparison writes.
    private static func tail(of report: String) -> String {
        let mark = "<!-- Below this line: measured apart from the comparison. -->"
        guard let text = TextFile.read(report), let place = text.firstRange(of: mark) else { return "" }
        return "\n" + String(text[place.lowerBound...])
    }

    private func measure(_ scenario: ComparisonScenario, _ setup: PeerSetup) throws -> [RunResult] {
        var results: [RunResult] = []
        for round in 1...rounds {
            for peer in peers {
                StandardError.write("\(scenario.title): round \(round) of \(rounds), \(peer.rawValue)\n")
                let server = try peer.start(setup)
                let result = try withExtendedLifetime(server.process) { try scenario.run(server.target) }
                results.append(result)
            }
        }
        return results
    }

    private func temporaryFolder() throws -> String {
        var template = Array("/tmp/martlet-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchError.system("mkdtemp", code: errno) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // nginx gives its worker another user.
        chmod(path, 0o777)
        return path
    }

    private func writeChart(_ document: ComparisonReport, beside report: String) throws -> String? {
        guard let section = document.sections.first(where: { $0.scenario.title.contains("events/s") }) else {
            return nil
        }
        let lines = peers.compactMap { peer -> (name: String, curve: [[Double]])? in
            let runs = section.results.filter { $0.server == peer.rawValue }.compactMap(\.latency)
            // The run with the middle p99 stands for all.
            let sorted = runs.sorted { $0.p99 < $1.p99 }
            return sorted.isEmpty ? nil : (peer.rawValue, sorted[sorted.count / 2].curve)
        }
        let name = "latency.svg"
        let folder = report.lastIndex(of: "/").map { String(report[...$0]) } ?? ""
        try TextFile.write(LatencyChart(lines: lines).svg, to: folder + name)
        return name
    }
}
