/// Members who come to and go from presence channels while the others watch.
struct PresenceChurn {
    /// Members who stay, spread over the channels.
    var members = 1000
    var channels = 10
    /// Connections that come and go.
    var churning = 50
    var seconds = 5.0

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let plan = SubscriptionPlan(kind: .presence, channelCount: channels)
        let loop = try LoadLoop(target: target, plan: plan, capacity: members + churning)
        try loop.connect(count: members + churning)
        loop.latency.isEnabled = true
        let frames = loop.controlFrames
        let measurement = Measurement(target)
        let end = Nanoseconds.now() + UInt64(seconds * 1e9)
        var rejoined = 0
        let progress = Progress("joins", goal: 0)
        while Nanoseconds.now() < end {
            for index in members..<(members + churning) {
                try loop.reopen(index)
            }
            try loop.turn(
                until: { loop.readyCount == members + churning },
                seconds: 30,
                waitingFor: "\(churning) members to join again"
            )
            rejoined += churning
            progress.show(rejoined)
        }
        progress.end()
        let span = measurement.end()
        var result = RunResult(scenario: "presence", server: target.name)
        result.settings = [
            .init(name: "members", value: "\(members)"),
            .init(name: "channels", value: "\(channels)"),
            .init(name: "churning", value: "\(churning)"),
        ]
        span.report(rejoined, of: "leave and join", in: &result)
        result.add("member events", Double(loop.controlFrames - frames) / span.seconds, "/s")
        return result
    }
}
