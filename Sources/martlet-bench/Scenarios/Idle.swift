/// Subscribed connections that do nothing: what memory each of them keeps.
///
/// One process holds fewer than 20,000 descriptors here, so more connections are held by helper processes, and several
/// servers are given as several targets.
struct Idle {
    var connections = 10_000
    var channels = 100
    var kind = SubscriptionPlan.Kind.plain
    var settleSeconds = 2.0

    /// Runs and returns what was measured; memory is read before the first connection and after the last.
    func run(_ target: Target) throws -> RunResult {
        let plan = SubscriptionPlan(kind: kind, channelCount: channels)
        do {
            // What a first connection makes once is not a connection's.
            let first = try LoadLoop(target: target, plan: plan, capacity: channels)
            try first.connect(count: channels)
        }
        let before = ServerUsage.read(target.processes)
        let loop = try LoadLoop(target: target, plan: plan, capacity: connections)
        try loop.connect(count: connections)
        try loop.turn(until: Nanoseconds.now() + UInt64(settleSeconds * 1e9))
        let after = ServerUsage.read(target.processes)
        var result = RunResult(scenario: "idle", server: target.name)
        result.settings = [
            .init(name: "connections", value: "\(connections)"),
            .init(name: "channels", value: "\(channels) × \(kind.rawValue)"),
        ]
        let grown = Double(after.residentBytes - before.residentBytes)
        result.add("resident memory per connection", grown / Double(connections), "bytes")
        result.add("resident memory", Double(after.residentBytes) / 1_048_576, "MiB")
        result.add("resident memory before", Double(before.residentBytes) / 1_048_576, "MiB")
        return result
    }
}
