/// Events that are published at some nodes at a fixed rate or in a closed loop and received at some nodes.
struct ClusterFlow {
    /// Indices of the nodes that are published at.
    var sources: [Int]
    /// Indices of the nodes at which each channel has a subscriber.
    var sinks: [Int]
    var channels = 60
    /// The number in the first channel's name; nodes listen to channels for a while after they were left.
    var firstChannel: Int
    var mode: Mode
    var seconds = 5.0

    /// How fast events are published.
    enum Mode {
        /// Events a second.
        case rate(Double)
        /// Events on their way at a time.
        case window(Int)

        var text: String {
            switch self {
            case .rate(let rate): "\(FigureText.number(rate)) events/s"
            case .window(let window): "closed loop, \(window) on their way"
            }
        }
    }

    /// Runs on a cluster.
    func run(_ cluster: ClusterUnderTest, scenario: String, names: [String]) throws -> RunResult {
        let plan = SubscriptionPlan(channelCount: channels, firstChannel: firstChannel)
        let sinkNodes = sinks.map { cluster.nodes[$0] }
        let loop = try LoadLoop(
            nodes: sinkNodes.isEmpty ? cluster.nodes : sinkNodes,
            plan: plan,
            capacity: max(1, channels * sinks.count)
        )
        try loop.connect(count: channels * sinks.count)
        var publisher = try ClusterPublisher(
            sources.map { cluster.nodes[$0] },
            on: loop,
            payloadBytes: cluster.payloadBytes
        )
        loop.latency.isEnabled = true
        // Nodes, Redis and the load share few cores: who polls takes them from the others.
        loop.spins = false
        try flow(loop, &publisher, seconds: min(1, seconds / 4))
        loop.latency.reset()
        let before = (published: publisher.published, delivered: loop.delivered)
        let measurement = try cluster.measure()
        let lag = try flow(loop, &publisher, seconds: seconds)
        let span = try measurement.end()
        var result = cluster.result(scenario)
        let events = publisher.published - before.published
        result.add("events/s published", Double(events) / span.seconds, "/s")
        if !sinks.isEmpty { result.add("deliveries/s", Double(loop.delivered - before.delivered) / span.seconds, "/s") }
        span.report(perEvent: events, names: names, in: &result)
        let calls = span.calls.values.reduce(0, +)
        if !cluster.redis.isEmpty { result.add("Redis: commands per event", calls / Double(events), "") }
        for (name, cpu) in zip(names, span.nodeCPU) {
            result.add("\(name): CPU", cpu / span.seconds * 100, "%")
        }
        if case .rate = mode { result.add("publisher's greatest lag", lag, "ms") }
        result.latency = sinks.isEmpty ? nil : loop.latency.summary
        return result
    }

    /// Publishes, waits until everything has arrived and returns the greatest lag.
    @discardableResult
    private func flow(_ loop: LoadLoop, _ publisher: inout ClusterPublisher, seconds: Double) throws -> Double {
        let before = (published: publisher.published, delivered: loop.delivered)
        var lag = 0.0
        switch mode {
        case .rate(let rate): lag = try publisher.publish(rate: rate, seconds: seconds)
        case .window(let window):
            try publisher.publish(window: window, copies: sinks.count, seconds: seconds)
        }
        try publisher.drain(from: before.delivered, published: before.published, copies: sinks.count)
        return lag
    }
}
