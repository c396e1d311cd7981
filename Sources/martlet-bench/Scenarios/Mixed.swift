/// Everything at once: fan-out at a rate with some who do not read, client events, presence, publishes to nobody.
///
/// Latency is that of the fan-out, counted from when each event was due.
struct Mixed {
    var subscribers = 1000
    var slowReaders = 10
    var talkers = 200
    var members = 200
    /// Rounds a second; each publishes one event, sends ten client events and lets one member leave and join.
    var rate = 20.0
    var seconds = 60.0

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        let crowd = try loop(target, SubscriptionPlan(), subscribers)
        let talk = try loop(target, SubscriptionPlan(kind: .isPrivate, channelCount: 20), talkers)
        let room = try loop(target, SubscriptionPlan(kind: .presence, channelCount: 4), members)
        for index in 0..<slowReaders {
            try crowd.pause(index * (subscribers / slowReaders))
        }
        let publisher = try HTTPEventPublisher(crowd, text: EventText(dataBytes: 200))
        crowd.latency.isEnabled = true
        let measurement = Measurement(target)
        let start = Nanoseconds.now()
        let rounds = Int(seconds * rate)
        let progress = Progress("rounds", goal: rounds)
        for round in 0..<rounds {
            let due = start + UInt64(Double(round) / rate * 1e9)
            while Nanoseconds.now() < due {
                try turn([crowd, talk, room])
            }
            try publisher.publish(to: [0], stamp: due)
            try converse(talk, round)
            try room.reopen(round % members)
            progress.show(round)
        }
        let expected = rounds * (subscribers - slowReaders)
        let deadline = Nanoseconds.now() + 10_000_000_000
        while crowd.delivered < expected, Nanoseconds.now() < deadline {
            try turn([crowd, talk, room])
        }
        progress.end()
        return try result(target, measurement.end(), crowd: crowd, talk: talk, room: room, expected: expected)
    }

    private func loop(_ target: Target, _ plan: SubscriptionPlan, _ count: Int) throws -> LoadLoop {
        let loop = try LoadLoop(target: target, plan: plan, capacity: count)
        try loop.connect(count: count)
        return loop
    }

    private func turn(_ loops: [LoadLoop]) throws {
        for loop in loops {
            try loop.turn(milliseconds: 0)
        }
    }

    private func converse(_ talk: LoadLoop, _ round: Int) throws {
        let data = EventText(dataBytes: 100).data(stamp: Nanoseconds.now())
        for offset in 0..<10 {
            let index = (round * 10 + offset) % talkers
            let name = talk.plan.channel(index)
            let message = #"{"event":"client-\#(EventText.name)","channel":"\#(name)","data":"\#(data)"}"#
            try talk.send(ClientFrame.make(message), to: index)
        }
    }

    private func result(
        _ target: Target,
        _ span: Measurement.Span,
        crowd: LoadLoop,
        talk: LoadLoop,
        room: LoadLoop,
        expected: Int
    ) throws -> RunResult {
        guard crowd.delivered == expected else {
            throw BenchError("\(crowd.delivered) frames came where \(expected) were due")
        }
        var result = RunResult(scenario: "mixed", server: target.name)
        result.settings = [
            .init(name: "subscribers", value: "\(subscribers), \(slowReaders) of them not reading"),
            .init(name: "talkers", value: "\(talkers)"),
            .init(name: "members", value: "\(members)"),
            .init(name: "rounds", value: "\(rate)/s"),
        ]
        span.report(crowd.delivered + talk.delivered + room.controlFrames, of: "delivery", in: &result)
        result.add("client event deliveries", Double(talk.delivered) / span.seconds, "/s")
        result.add("presence events", Double(room.controlFrames) / span.seconds, "/s")
        result.add("resident memory before", Double(span.residentBytesBefore) / 1_048_576, "MiB")
        result.add("resident memory", Double(span.serverResidentBytes) / 1_048_576, "MiB")
        result.latency = crowd.latency.summary
        return result
    }
}
