import ArgumentParser

/// Measures several nodes that share Redis.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Measure three nodes: latency between them, events/s, CPU, and what they ask of Redis.",
        discussion: """
            The nodes must have the same app. Nobody else may use the Redis servers, whose commands are counted. Results \
            of several clusters become one table with cluster-report. make bench-cluster starts everything.
            """
    )

    @Option(help: "The nodes, at least three, as ws://HOST:PORT/app/KEY, separated by commas.")
    var nodes: String

    @Option(help: "The Redis masters as HOST:PORT, separated by commas.")
    var redis: String

    @Option(help: "The nodes' processes in the same order, separated by commas.")
    var pids: String

    @Option(help: "A server alone to compare with.")
    var alone: String?

    @Option(help: "Its process.")
    var alonePID: Int?

    @Option(help: "The app's id.")
    var appID = "bench"

    @Option(help: "The app's secret.")
    var secret = "bench-secret"

    @Option(help: "What the columns of a report call this cluster.")
    var label = "cluster"

    @Option(help: "How often latency and CPU are measured.")
    var repetitions = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 4.0

    @Option(help: "Events a second where the latency is measured.")
    var rate = 500.0

    @Option(help: "Bytes of an event's data.")
    var payload = 200

    @Option(help: "Only scenarios whose title contains this text.")
    var only = ""

    @Option(help: "The core that the load runs on.")
    var cpu: Int?

    @Option(help: "Write the results as JSON to this file.")
    var json: String?

    func run() throws {
        if let cpu { try Affinity.pin(toCore: cpu) }
        let places = nodes.split(separator: ",").map(String.init)
        let processes = pids.split(separator: ",").compactMap { Int($0) }
        guard places.count >= 3, processes.count == places.count else {
            throw ValidationError("--nodes and --pids need three or more, as many of one as of the other")
        }
        let cluster = ClusterUnderTest(
            nodes: try zip(places, processes).map { try target($0, process: $1) },
            alone: try alone.map { try target($0, process: alonePID) },
            redis: try redis.split(separator: ",").map { try RedisProbe(String($0)) },
            label: label,
            payloadBytes: payload
        )
        var suite = ClusterSuite(cluster)
        suite.repetitions = repetitions
        suite.seconds = seconds
        suite.rate = rate
        suite.only = only
        let results = try suite.run { print(ResultTable.text($0)) }
        if let json { try TextFile.write(try ResultFile.encode(results), to: json) }
    }

    private func target(_ url: String, process: Int?) throws -> Target {
        var options = try TargetOptions.parse(["--url", url, "--app-id", appID, "--secret", secret])
        options.pid = process.map { [$0] } ?? []
        let target = try options.target()
        guard target.credentials != nil else { throw ValidationError("'\(url)' is not ws://HOST:PORT/app/KEY") }
        return target
    }
}

/// Makes one table of the results of several clusters.
struct ClusterReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-report",
        abstract: "Write results of the cluster command as Markdown, a column for each label."
    )

    @Argument(help: "The JSON files.")
    var files: [String]

    func run() throws {
        let results = try files.flatMap { file in
            guard let text = TextFile.read(file) else { throw ValidationError("'\(file)' cannot be read") }
            return try ResultFile.decode(text)
        }
        print(MachineDescription.text + "\n")
        print(ClusterReport(results: results).markdown)
    }
}
