import Glibc

/// One run of the acceptance gate.
final class IntegrityRun {
    private let settings: Integrity
    private let loop: LoadLoop
    private let publisher: PublishConnection
    private let request: PublishRequest
    private let texts = ReferenceTexts()
    private let prefix: [UInt8]
    private var checks: [StreamCheck]
    private var framesBeforeRestarts = 0
    private var slowAreReading = true
    private(set) var publishedEvents = 0
    private(set) var resets = 0
    private(set) var violations: [String] = []

    init(_ settings: Integrity, _ target: Target) throws {
        self.settings = settings
        loop = try LoadLoop(target: target, plan: SubscriptionPlan(), capacity: settings.subscribers)
        request = PublishRequest(target: target, text: EventText(dataBytes: 0))
        prefix = Array(#"{"event":"\#(EventText.name)","channel":"\#(loop.plan.channel(0))","data":""#.utf8)
        checks = Array(repeating: StreamCheck(), count: settings.subscribers)
        try loop.connect(count: settings.subscribers)
        for index in 0..<settings.slow {
            // Otherwise the kernel takes in what a pause leaves, and no write of the server ever falls short.
            try StreamSocket.setOption(loop.sockets[index].descriptor, SOL_SOCKET, SO_RCVBUF, 65_536)
        }
        try loop.addPublishers(1)
        publisher = loop.publishers[0]
        loop.inspector = { [unowned self] index, bytes in try self.inspect(index, bytes) }
    }

    /// Frames that were what they had to be.
    var checkedFrames: Int { framesBeforeRestarts + checks.reduce(0) { $0 + $1.frames } }

    private func inspect(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        do {
            try checks[index].receive(bytes, prefix: prefix, texts: texts) { opcode, text in
                try loop.receiveOther(opcode, text, index)
            }
        } catch let violation as StreamCheck.Violation {
            violations.append("subscriber \(index): \(violation.description)")
            guard violations.count < 20 else { throw BenchError("too many: \(violations.joined(separator: "; "))") }
            checks[index].restart()
        }
    }

    /// Publishes at the rate, then waits for what is still on its way.
    func perform() throws {
        let start = Nanoseconds.now()
        let turns = Int(settings.seconds * settings.rate)
        let progress = Progress("bursts", goal: turns)
        for turn in 0..<turns {
            try loop.turn(until: start + UInt64(Double(turn) / settings.rate * 1e9))
            try publish()
            if turn % 2 == 0 { try resetOne(turn / 2) }
            try alternateSlowReaders(turn)
            progress.show(turn)
        }
        progress.end()
        try setSlowReaders(reading: true)
        try loop.turn(until: { self.isComplete }, seconds: 30, waitingFor: "the last frames: \(missing)")
        guard loop.brokenCount == 0 else { throw BenchError("the server ended \(loop.brokenCount) connections") }
        guard publisher.refused == 0 else { throw BenchError("the server refused: \(publisher.lastRefusal)") }
    }

    private func publish() throws {
        var bytes: [UInt8] = []
        for _ in 0..<settings.burst {
            let data = String(decoding: texts.data(publishedEvents), as: UTF8.self)
            bytes += request.event(channels: [loop.plan.channel(0)], data: data)
            publishedEvents += 1
        }
        try publisher.post(bytes, count: settings.burst)
    }

    /// Slow ones are the first, those that are reset the last.
    private func resetOne(_ turn: Int) throws {
        guard settings.resetting > 0 else { return }
        let index = settings.subscribers - 1 - turn % settings.resetting
        guard loop.sockets[index].phase == .ready else { return }
        // Part of the fan-out has been read by then, the rest is due to a connection that is gone.
        try loop.turn(milliseconds: 0)
        framesBeforeRestarts += checks[index].frames
        checks[index].restart()
        try loop.reopen(index, reset: true)
        resets += 1
    }

    private func alternateSlowReaders(_ turn: Int) throws {
        // They read for half of the time.
        if turn % 16 == 0 { try setSlowReaders(reading: true) }
        if turn % 16 == 8 { try setSlowReaders(reading: false) }
    }

    private func setSlowReaders(reading: Bool) throws {
        guard reading != slowAreReading else { return }
        slowAreReading = reading
        for index in 0..<settings.slow where loop.sockets[index].descriptor >= 0 {
            if reading { try loop.resume(index) } else { try loop.pause(index) }
        }
    }

    private var isComplete: Bool {
        publisher.outstanding == 0 && loop.readyCount == settings.subscribers && missing == 0
    }

    /// Subscribers without the last event; one that joined after it has nothing to get.
    private var missing: Int {
        checks.enumerated().count { index, check in
            let isStable = index < settings.subscribers - settings.resetting
            guard let last = check.lastNumber else { return isStable }
            return last != publishedEvents - 1
        }
    }
}
