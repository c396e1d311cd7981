/// Signed HTTP publishes on kept-alive connections, with nobody to deliver to: what taking an event costs.
struct Publish {
    var publishers = 16
    /// Requests under way on each connection.
    var depth = 1
    var payloadBytes = 200
    var seconds = 5.0
    var form = Form.event

    /// What a request is.
    enum Form: String, CaseIterable {
        case event
        /// One event for ten channels.
        case tenChannels = "ten-channels"
        /// Ten events.
        case batch
        /// No event at all but a fixed answer, which shows what the server's HTTP alone costs.
        case fixedReply = "fixed-reply"
    }

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let loop = try LoadLoop(target: target, plan: SubscriptionPlan(channelCount: 10), capacity: 1)
        loop.latency.isEnabled = true
        try loop.addPublishers(publishers)
        let request = request(target)
        for publisher in loop.publishers {
            try publisher.repeatForever(request, depth: depth)
        }
        try loop.turn(until: Nanoseconds.now() + UInt64(seconds / 5 * 1e9))
        let before = accepted(loop)
        let measurement = Measurement(target)
        try loop.turn(until: Nanoseconds.now() + UInt64(seconds * 1e9))
        let span = measurement.end()
        let count = accepted(loop) - before
        for publisher in loop.publishers where publisher.refused > 0 {
            throw BenchError("the server refused: \(publisher.lastRefusal)")
        }
        var result = RunResult(scenario: "publish", server: target.name)
        result.settings = [
            .init(name: "form", value: form.rawValue),
            .init(name: "connections", value: "\(publishers) × \(depth) requests"),
            .init(name: "request", value: "\(request.count) bytes"),
        ]
        span.report(count, of: "request", in: &result)
        return result
    }

    private func accepted(_ loop: LoadLoop) -> Int {
        loop.publishers.reduce(0) { $0 + $1.accepted }
    }

    private func request(_ target: Target) -> [UInt8] {
        let publish = PublishRequest(target: target, text: EventText(dataBytes: payloadBytes))
        let channels = SubscriptionPlan(channelCount: 10).channels
        let stamp = Nanoseconds.now()
        return switch form {
        case .event: publish.event(channels: [channels[0]], stamp: stamp)
        case .tenChannels: publish.event(channels: channels, stamp: stamp)
        case .batch: publish.batch(channels: channels, stamp: stamp)
        case .fixedReply: publish.fixedReply(channel: channels[0], stamp: stamp)
        }
    }
}
