/// Publishes over one HTTP connection to each of some nodes, in turn, to channels in turn.
struct ClusterPublisher {
    private let loop: LoadLoop
    private let plan: SubscriptionPlan
    private let text: EventText
    private var ways: [(request: PublishRequest, connection: PublishConnection)] = []
    private(set) var published = 0

    /// Opens the connections on a load's thread.
    init(_ nodes: [Target], on loop: LoadLoop, payloadBytes: Int) throws {
        self.loop = loop
        plan = loop.plan
        text = EventText(dataBytes: payloadBytes)
        for node in nodes {
            ways.append((PublishRequest(target: node, text: text), try loop.addPublisher(to: node)))
        }
    }

    /// Events that are refused or without an answer yet.
    var outstanding: Int { ways.reduce(0) { $0 + $1.connection.outstanding } }

    /// Publishes one event that is due at a time.
    mutating func publish(stamp: UInt64) throws {
        let way = ways[published % ways.count]
        // The channel moves on only after each node has published to it, so that all nodes publish to all channels.
        let channel = plan.channel(published / ways.count)
        try way.connection.post(way.request.event(channels: [channel], stamp: stamp), count: 1)
        published += 1
    }

    /// Publishes at a fixed rate for a time; returns the greatest lag behind it in milliseconds.
    ///
    /// Each event carries the time at which it was due, so that a stall is not hidden by the events that it held back.
    mutating func publish(rate: Double, seconds: Double) throws -> Double {
        let start = Nanoseconds.now()
        let count = Int(rate * seconds)
        var lag: UInt64 = 0
        for turn in 0..<count {
            let stamp = start + UInt64(Double(turn) / rate * 1e9)
            try loop.turn(until: stamp)
            lag = max(lag, Nanoseconds.now() - stamp)
            try publish(stamp: stamp)
            // What is late must not keep the load from reading.
            if turn % 16 == 0 { try loop.turn(milliseconds: 0) }
        }
        return Double(lag) / 1e6
    }

    /// Publishes for a time with at most `window` events on their way, each of which makes `copies` frames.
    mutating func publish(window: Int, copies: Int, seconds: Double) throws {
        let end = Nanoseconds.now() + UInt64(seconds * 1e9)
        let before = (published: published, delivered: loop.delivered)
        while Nanoseconds.now() < end {
            while outstanding < window,
                (published - before.published) * copies - (loop.delivered - before.delivered) < window * copies
                    || copies == 0
            {
                try publish(stamp: Nanoseconds.now())
            }
            try loop.turn(milliseconds: 100)
        }
    }

    /// Waits until everything that was published has been answered and has come to `copies` subscribers.
    func drain(from delivered: Int, published before: Int, copies: Int) throws {
        let due = delivered + (published - before) * copies
        let refusal = { ways.map(\.connection.lastRefusal).joined() }
        try loop.turn(
            until: { loop.delivered >= due && outstanding == 0 },
            seconds: 30,
            waitingFor: "\(due) frames, of which \(loop.delivered) came; \(refusal())"
        )
        guard loop.delivered == due else { throw BenchError("\(loop.delivered) frames came where \(due) were due") }
    }
}
