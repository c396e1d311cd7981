/// The nodes and Redis servers that are measured together.
struct ClusterUnderTest {
    var nodes: [Target]
    /// A server that is alone, to compare with.
    var alone: Target?
    var redis: [RedisProbe]
    /// What the columns of a report call it.
    var label: String
    var payloadBytes: Int

    /// An empty result of a scenario.
    func result(_ scenario: String) -> RunResult {
        RunResult(scenario: scenario, server: label)
    }

    /// Begins to measure all of it.
    func measure() throws -> ClusterMeasurement {
        try ClusterMeasurement(self)
    }
}

/// What nodes and Redis servers have used between two moments.
struct ClusterMeasurement {
    private let cluster: ClusterUnderTest
    private let nodes: [Measurement]
    private let redis: [RedisUsage]

    /// Begins.
    init(_ cluster: ClusterUnderTest) throws {
        self.cluster = cluster
        redis = try cluster.redis.map { try $0.usage() }
        nodes = cluster.nodes.map(Measurement.init)
    }

    /// What was used.
    struct Span {
        var seconds: Double
        /// CPU seconds of each node.
        var nodeCPU: [Double]
        /// Each Redis server.
        var redis: [RedisUsage]
        var clientCPU: Double

        var redisCPU: Double { redis.reduce(0) { $0 + $1.cpuSeconds } }

        /// Calls by command over all servers.
        var calls: [String: Double] {
            redis.reduce(into: [:]) { all, usage in all.merge(usage.calls) { $0 + $1 } }
        }

        /// Adds the CPU of every part for each of a number of events.
        func report(perEvent count: Int, names: [String], in result: inout RunResult) {
            let events = Double(max(1, count))
            for (name, cpu) in zip(names, nodeCPU) {
                result.add("\(name): CPU per event", cpu / events * 1e6, "µs")
            }
            result.add("Redis: CPU per event", redisCPU / events * 1e6, "µs")
            reportShards(perEvent: events, in: &result)
        }

        private func reportShards(perEvent events: Double, in result: inout RunResult) {
            guard redis.count > 1, redisCPU > 0 else { return }
            let busiest = redis.map(\.cpuSeconds).max() ?? 0
            result.add("busiest shard: CPU per event", busiest / events * 1e6, "µs")
            for (index, usage) in redis.enumerated() {
                result.add("shard \(index + 1): share of Redis's CPU", usage.cpuSeconds / redisCPU * 100, "%")
            }
        }
    }

    /// Ends.
    func end() throws -> Span {
        let spans = nodes.map { $0.end() }
        let after = try cluster.redis.map { try $0.usage() }
        return Span(
            seconds: spans.first?.seconds ?? 0,
            nodeCPU: spans.map(\.serverCPU),
            redis: zip(after, redis).map { $0.since($1) },
            clientCPU: spans.first?.ownCPU ?? 0
        )
    }
}
