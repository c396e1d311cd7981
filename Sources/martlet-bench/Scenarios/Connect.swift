/// Connections that are opened and subscribed, as fast as the server takes them, and closed again.
struct Connect {
    var connections = 5000
    /// Connections on their way at a time.
    var window = 128
    var kind = SubscriptionPlan.Kind.plain
    var channels = 100

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let plan = SubscriptionPlan(kind: kind, channelCount: channels)
        let warmUp = try LoadLoop(target: target, plan: plan, capacity: 100)
        try warmUp.connect(count: 100, window: window)
        let loop = try LoadLoop(target: target, plan: plan, capacity: connections)
        loop.spins = true
        loop.latency.isEnabled = true
        let measurement = Measurement(target)
        try loop.connect(count: connections, window: window)
        let span = measurement.end()
        var result = RunResult(scenario: "connect", server: target.name)
        result.settings = [
            .init(name: "connections", value: "\(connections)"),
            .init(name: "window", value: "\(window)"),
            .init(name: "channels", value: "\(channels) × \(kind.rawValue)"),
        ]
        span.report(connections, of: "connection", in: &result)
        return result
    }
}
