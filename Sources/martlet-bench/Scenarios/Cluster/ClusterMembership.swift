import Glibc

/// Counts the Redis commands of joins and leaves, each of which happens often at once.
struct ClusterMembership {
    /// Subscriptions of each step.
    var count = 200
    var firstChannel: Int
    /// What is called in a second while nothing happens, which is taken off.
    var idleCalls: [String: Double]
    /// Redis's CPU seconds in a second, likewise.
    var idleCPU: Double
    /// Time after which a node has given up a channel without subscribers, and told so.
    var settleSeconds: Double

    /// Lets subscribers and members come and go, and returns a result for each kind of coming and going.
    func run(_ cluster: ClusterUnderTest) throws -> [RunResult] {
        let plan = SubscriptionPlan(channelCount: count, firstChannel: firstChannel)
        let presence = SubscriptionPlan(kind: .presence, channelCount: 10, firstChannel: firstChannel)
        var loads: [LoadLoop] = []
        func join(_ title: String, _ node: Int, _ plan: SubscriptionPlan) throws -> RunResult {
            try step("join: \(title)", cluster, settleSeconds: 1) {
                let load = try LoadLoop(target: cluster.nodes[node], plan: plan, capacity: count)
                try load.connect(count: count)
                loads.append(load)
            }
        }
        func leave(_ title: String) throws -> RunResult {
            try step("leave: \(title)", cluster, settleSeconds: settleSeconds) { _ = loads.removeLast() }
        }
        return [
            try join("first subscriber of a channel", 0, plan),
            try join("first at a second node", 1, plan),
            try join("another at the same node", 1, plan),
            try leave("others stay at the node"),
            try leave("last at a node"),
            try leave("last of a channel"),
            try join("member of a presence channel", 0, presence),
            try leave("member of a presence channel"),
        ]
    }

    private func step(
        _ title: String,
        _ cluster: ClusterUnderTest,
        settleSeconds: Double,
        _ body: () throws -> Void
    ) throws -> RunResult {
        let measurement = try cluster.measure()
        try body()
        usleep(useconds_t(settleSeconds * 1e6))
        let span = try measurement.end()
        var result = cluster.result(title)
        let calls = span.calls.reduce(into: [:]) { calls, entry in
            calls[entry.key] = max(0, entry.value - (idleCalls[entry.key] ?? 0) * span.seconds) / Double(count)
        }
        result.add("Redis: commands, those inside of scripts too", calls.values.reduce(0, +), "")
        for (name, value) in calls.sorted(by: { $0.value > $1.value }) where value >= 0.02 {
            result.add("Redis: \(name)", value, "")
        }
        let cpu = max(0, span.redisCPU - idleCPU * span.seconds)
        result.add("Redis: CPU", cpu / Double(count) * 1e6, "µs")
        return result
    }
}
