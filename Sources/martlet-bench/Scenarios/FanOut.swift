/// Events to all subscribers of one channel, or of many with the same number each.
///
/// Closed loop: a burst is published when the one before it has reached every subscriber. Fixed rate: a burst is
/// published when it is due, whether or not earlier ones have arrived, and latency counts from when it was due, so a
/// stall is not hidden by the events that it held back.
struct FanOut {
    var subscribers = 1000
    var channels = 1
    /// Events that are published in one write.
    var burst = 1
    var payloadBytes = 200
    var seconds = 5.0
    /// Bursts a second; nil is the closed loop.
    var rate: Double?
    /// Of the subscribers, how many do not read.
    var slowReaders = 0
    var publishesByClientEvent = false
    /// The client polls instead of sleeping.
    var spins = true

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let plan = SubscriptionPlan(kind: publishesByClientEvent ? .isPrivate : .plain, channelCount: channels)
        let loop = try LoadLoop(target: target, plan: plan, capacity: subscribers)
        loop.spins = spins
        try loop.connect(count: subscribers)
        let publisher = try makePublisher(loop)
        for index in 0..<slowReaders {
            try loop.pause(index * (subscribers / slowReaders))
        }
        var due = Due(reading: subscribers - slowReaders, channels: channels, subscribers: subscribers)
        loop.latency.isEnabled = true
        loop.latency.samplingInterval = rate == nil ? max(1, burst) * 4 : 1
        try publish(loop, publisher, &due, seconds: min(1, seconds / 5), rate: nil)
        loop.latency.reset()
        let before = loop.delivered
        let measurement = Measurement(target)
        let lag = try publish(loop, publisher, &due, seconds: seconds, rate: rate)
        let span = measurement.end()
        var result = RunResult(scenario: scenarioName, server: target.name, settings: settings)
        span.report(loop.delivered - before, of: "delivery", in: &result)
        if rate != nil { result.add("publisher's lag", lag, "ms") }
        result.add("resident memory", Double(span.serverResidentBytes) / 1_048_576, "MiB")
        if loop.brokenCount > 0 { result.add("ended connections", Double(loop.brokenCount), "") }
        result.latency = loop.latency.summary
        return result
    }

    private var scenarioName: String {
        slowReaders > 0 ? "slow" : channels > 1 ? "channels" : "fanout"
    }

    private var settings: [RunResult.Setting] {
        [
            .init(name: "subscribers", value: "\(subscribers)"),
            .init(name: "channels", value: "\(channels)"),
            .init(name: "burst", value: "\(burst)"),
            .init(name: "payload", value: "\(payloadBytes)"),
            .init(name: "mode", value: rate.map { "\($0) bursts/s" } ?? "closed loop"),
            .init(name: "slow readers", value: "\(slowReaders)"),
            .init(name: "published by", value: publishesByClientEvent ? "client events" : "HTTP"),
        ]
    }

    private func makePublisher(_ loop: LoadLoop) throws -> any EventPublisher {
        let text = EventText(dataBytes: payloadBytes)
        if publishesByClientEvent { return try ClientEventPublisher(loop, text: text) }
        return try HTTPEventPublisher(loop, text: text)
    }

    /// How many frames the load expects.
    private struct Due {
        var frames = 0
        var nextChannel = 0
        let framesPerEvent: [Int]

        init(reading: Int, channels: Int, subscribers: Int) {
            // Slow readers are spread evenly; where there are several channels all subscribers read.
            framesPerEvent = (0..<channels).map { channel in
                channels == 1 ? reading : (subscribers - channel + channels - 1) / channels
            }
        }

        mutating func takeChannels(_ count: Int) -> [Int] {
            (0..<count).map { _ in
                defer { nextChannel = (nextChannel + 1) % framesPerEvent.count }
                frames += framesPerEvent[nextChannel]
                return nextChannel
            }
        }
    }

    /// Publishes for a time and returns the greatest lag behind the rate in milliseconds.
    @discardableResult
    private func publish(
        _ loop: LoadLoop,
        _ publisher: any EventPublisher,
        _ due: inout Due,
        seconds: Double,
        rate: Double?
    ) throws -> Double {
        let start = Nanoseconds.now()
        let end = start + UInt64(seconds * 1e9)
        var lag: UInt64 = 0
        var turn = 0
        let progress = Progress("deliveries", goal: 0)
        while Nanoseconds.now() < end {
            var stamp = Nanoseconds.now()
            if let rate {
                stamp = start + UInt64(Double(turn) / rate * 1e9)
                try loop.turn(until: stamp)
                lag = max(lag, Nanoseconds.now() - stamp)
            }
            try publisher.publish(to: due.takeChannels(burst), stamp: stamp)
            turn += 1
            if rate == nil { try drain(loop, publisher, due) }
            progress.show(loop.delivered)
        }
        try drain(loop, publisher, due)
        progress.end()
        return Double(lag) / 1e6
    }

    private func drain(_ loop: LoadLoop, _ publisher: any EventPublisher, _ due: Due) throws {
        try loop.turn(
            until: { loop.delivered >= due.frames && publisher.isAnswered },
            seconds: 30,
            waitingFor: "\(due.frames) frames, of which \(loop.delivered) came; \(publisher.complaint)"
        )
        guard loop.delivered == due.frames else {
            throw BenchError("\(loop.delivered) frames came where \(due.frames) were due")
        }
    }
}
