import Glibc

/// What nodes and Redis do while nothing happens.
struct ClusterIdle {
    var title = "idle, no connection"
    /// Channels with a subscriber at each node.
    var channels = 0
    var firstChannel: Int
    var seconds = 6.0

    /// What Redis does in a second.
    struct Rates {
        /// Calls of each command.
        var calls: [String: Double]
        var cpuSeconds: Double
    }

    /// Waits and returns what was used.
    func run(_ cluster: ClusterUnderTest) throws -> (result: RunResult, rates: Rates) {
        let plan = SubscriptionPlan(channelCount: max(1, channels), firstChannel: firstChannel)
        let count = channels * cluster.nodes.count
        let loop = try LoadLoop(nodes: cluster.nodes, plan: plan, capacity: max(1, count))
        try loop.connect(count: count)
        // What the subscriptions brought about is not idleness.
        usleep(2_000_000)
        let measurement = try cluster.measure()
        usleep(useconds_t(seconds * 1e6))
        let span = try measurement.end()
        var result = cluster.result(title)
        for (index, cpu) in span.nodeCPU.enumerated() {
            result.add("node \(index + 1): CPU", cpu / span.seconds * 100, "%")
        }
        result.add("Redis: CPU", span.redisCPU / span.seconds * 100, "%")
        let rates = span.calls.mapValues { $0 / span.seconds }
        result.add("Redis: commands/s", rates.values.reduce(0, +), "/s")
        for (name, rate) in rates.sorted(by: { $0.value > $1.value }) where rate >= 0.1 {
            result.add("Redis: \(name)/s", rate, "/s")
        }
        return withExtendedLifetime(loop) {
            (result, Rates(calls: rates, cpuSeconds: span.redisCPU / span.seconds))
        }
    }
}
