import Glibc

/// Everything that is measured of a cluster, in order.
struct ClusterSuite {
    let cluster: ClusterUnderTest
    var repetitions = 5
    var seconds = 4.0
    /// Events a second where the latency is measured.
    var rate = 500.0
    /// Rising rates, up to one that is too much.
    var rates: [Double] = [500, 1000, 2000, 4000, 8000, 16_000]
    /// Time after which a node has given up a channel without subscribers.
    var settleSeconds = 6.5
    /// Only scenarios whose title contains this text.
    var only = ""
    private var nextChannel = 0
    private var results: [RunResult] = []
    private static let channels = 60
    /// Events on their way from one node in a closed loop.
    private static let window = 24

    init(_ cluster: ClusterUnderTest) {
        self.cluster = cluster
    }

    /// Measures and returns the results; `report` is told of each as it comes.
    mutating func run(_ report: (RunResult) -> Void) throws -> [RunResult] {
        let idle = try ClusterIdle(firstChannel: takeChannels(1)).run(cluster)
        add(idle.result, report)
        for _ in 0..<repetitions { try measureLatency(report) }
        for _ in 0..<repetitions { try measureUninterested(report) }
        try measureThroughput(report)
        if isWanted("join leave") {
            // Channels of the runs before are given up until then.
            usleep(useconds_t(settleSeconds * 1e6))
            let membership = ClusterMembership(
                firstChannel: takeChannels(1000),
                idleCalls: idle.rates.calls,
                idleCPU: idle.rates.cpuSeconds,
                settleSeconds: settleSeconds
            )
            for result in try membership.run(cluster) { add(result, report) }
        }
        if isWanted("idle") {
            let title = "idle, 100 channels with a subscriber at each node"
            let idle = ClusterIdle(title: title, channels: 100, firstChannel: takeChannels(100))
            add(try idle.run(cluster).result, report)
        }
        return results
    }

    private mutating func measureLatency(_ report: (RunResult) -> Void) throws {
        let own = ["publishing node", "receiving node", "third node"]
        if let alone = cluster.alone {
            var single = cluster
            single.nodes = [alone]
            single.redis = []
            try flow("one server alone", single, [0], [0], .rate(rate), ["server"], report)
            try flow("one server alone, nobody subscribed", single, [0], [], .window(Self.window), ["server"], report)
            try flow("one server alone, closed loop", single, [0], [0], .window(Self.window), ["server"], report)
        }
        try flow("node to node", cluster, [0], [1], .rate(rate), own, report)
        try flow("nobody subscribed", cluster, [0], [], .window(Self.window), own, report)
        try flow("node to node, closed loop", cluster, [0], [1], .window(Self.window), own, report)
    }

    private mutating func measureUninterested(_ report: (RunResult) -> Void) throws {
        let names = ["first busy node", "second busy node", "node without subscribers"]
        try flow(
            "two nodes busy, a third without subscribers",
            cluster,
            [0, 1],
            [0, 1],
            .window(2 * Self.window),
            names,
            report
        )
        guard isWanted("idle, between") else { return }
        let idle = ClusterIdle(title: "idle, between the runs before", firstChannel: takeChannels(1), seconds: seconds)
        add(try idle.run(cluster).result, report)
    }

    private mutating func measureThroughput(_ report: (RunResult) -> Void) throws {
        let all = Array(cluster.nodes.indices)
        let names = all.map { "node \($0 + 1)" }
        for _ in 0..<max(1, repetitions / 2 + 1) {
            try flow("three nodes, closed loop", cluster, all, all, .window(3 * Self.window), names, report)
        }
        for rate in rates {
            let title = "three nodes at \(FigureText.number(rate)) events/s"
            guard isWanted(title) else { continue }
            try flow(title, cluster, all, all, .rate(rate), names, report)
            // The queue that has built up is what would be measured next.
            if let p50 = results.last?.latency?.p50, p50 > 200_000 { break }
        }
    }

    private mutating func flow(
        _ title: String,
        _ cluster: ClusterUnderTest,
        _ sources: [Int],
        _ sinks: [Int],
        _ mode: ClusterFlow.Mode,
        _ names: [String],
        _ report: (RunResult) -> Void
    ) throws {
        guard isWanted(title) else { return }
        var flow = ClusterFlow(
            sources: sources,
            sinks: sinks,
            channels: Self.channels,
            firstChannel: takeChannels(Self.channels),
            mode: mode
        )
        flow.seconds = seconds
        add(try flow.run(cluster, scenario: title, names: names), report)
    }

    private func isWanted(_ title: String) -> Bool {
        only.isEmpty || title.contains(only)
    }

    private mutating func add(_ result: RunResult, _ report: (RunResult) -> Void) {
        results.append(result)
        report(result)
    }

    /// Channels that no node has heard of.
    private mutating func takeChannels(_ count: Int) -> Int {
        defer { nextChannel += count }
        return nextChannel
    }
}
