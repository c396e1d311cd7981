/// Members of private channels who talk to each other, each in turn.
struct ClientEvents {
    var members = 1000
    var channels = 100
    var payloadBytes = 200
    /// Events under way at a time.
    var burst = 10
    var seconds = 5.0

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let plan = SubscriptionPlan(kind: .isPrivate, channelCount: channels)
        let loop = try LoadLoop(target: target, plan: plan, capacity: members)
        try loop.connect(count: members)
        loop.latency.isEnabled = true
        var sender = 0
        var due = 0
        try exchange(loop, plan, &sender, &due, seconds: min(1, seconds / 5))
        loop.latency.reset()
        let before = (sent: sender, delivered: loop.delivered)
        let measurement = Measurement(target)
        try exchange(loop, plan, &sender, &due, seconds: seconds)
        let span = measurement.end()
        var result = RunResult(scenario: "client-events", server: target.name)
        result.settings = [
            .init(name: "members", value: "\(members)"),
            .init(name: "channels", value: "\(channels)"),
            .init(name: "burst", value: "\(burst)"),
            .init(name: "payload", value: "\(payloadBytes)"),
        ]
        span.report(sender - before.sent, of: "event", in: &result)
        result.add("deliveries", Double(loop.delivered - before.delivered) / span.seconds, "/s")
        result.latency = loop.latency.summary
        return result
    }

    private func exchange(
        _ loop: LoadLoop,
        _ plan: SubscriptionPlan,
        _ sender: inout Int,
        _ due: inout Int,
        seconds: Double
    ) throws {
        let text = EventText(dataBytes: payloadBytes)
        let end = Nanoseconds.now() + UInt64(seconds * 1e9)
        let others = (0..<channels).map { (members - $0 + channels - 1) / channels - 1 }
        while Nanoseconds.now() < end {
            for _ in 0..<burst {
                let index = sender % members
                let data = text.data(stamp: Nanoseconds.now())
                let name = plan.channel(index)
                let message = #"{"event":"client-\#(EventText.name)","channel":"\#(name)","data":"\#(data)"}"#
                try loop.send(ClientFrame.make(message), to: index)
                due += others[index % channels]
                sender += 1
            }
            let expected = due
            try loop.turn(until: { loop.delivered >= expected }, seconds: 30, waitingFor: "\(expected) client events")
        }
    }
}
