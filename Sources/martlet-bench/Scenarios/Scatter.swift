import Glibc

/// Events to all subscribers of one channel while the load does nothing: how long the server takes to send one.
///
/// The kernel keeps the frames. The load sleeps and only looks now and then whether a thread of the server still runs,
/// so a server with a loop on every core of the machine has them to itself.
struct Scatter {
    var subscribers = 10_000
    var payloadBytes = 200
    var rounds = 20
    /// Between two looks.
    var interval: UInt32 = 1000

    /// Runs and returns what was measured.
    func run(_ target: Target) throws -> RunResult {
        guard !target.processes.isEmpty else { throw BenchError("scatter needs --pid") }
        let loop = try LoadLoop(target: target, plan: SubscriptionPlan(), capacity: subscribers)
        try loop.connect(count: subscribers)
        let publisher = try HTTPEventPublisher(loop, text: EventText(dataBytes: payloadBytes))
        loop.spins = false
        var milliseconds: [Double] = []
        var cpu: [Double] = []
        for round in 0...rounds {
            let before = ServerUsage.cpuNanoseconds(target.processes)
            let start = Nanoseconds.now()
            try publisher.publish(to: [0], stamp: start)
            let end = waitUntilIdle(target)
            try loop.turn(
                until: { loop.delivered >= (round + 1) * subscribers && publisher.isAnswered },
                seconds: 30,
                waitingFor: "\(subscribers) frames"
            )
            // The first one also makes what the server keeps for the next.
            guard round > 0 else { continue }
            milliseconds.append(Double(end - start) / 1e6)
            let used = ServerUsage.cpuNanoseconds(target.processes) &- before
            cpu.append(Double(used) / Double(subscribers))
        }
        return try result(target, milliseconds: milliseconds, cpu: cpu)
    }

    /// Returns the time at which no thread of the server ran any more.
    private func waitUntilIdle(_ target: Target) -> UInt64 {
        var idleSince: UInt64?
        while true {
            usleep(interval)
            let now = Nanoseconds.now()
            if ServerUsage.isRunning(target.processes) {
                idleSince = nil
            } else if let idleSince {
                return idleSince
            } else {
                idleSince = now
            }
        }
    }

    private func result(_ target: Target, milliseconds: [Double], cpu: [Double]) throws -> RunResult {
        guard let time = Statistics(milliseconds), let cpu = Statistics(cpu) else { throw BenchError("no rounds") }
        var result = RunResult(scenario: "scatter", server: target.name)
        result.settings = [
            .init(name: "subscribers", value: "\(subscribers)"),
            .init(name: "payload", value: "\(payloadBytes)"),
            .init(name: "rounds", value: "\(rounds)"),
        ]
        result.add("time to send an event to all", time.median, "ms")
        result.add("shortest", time.lowest, "ms")
        result.add("longest", time.highest, "ms")
        result.add("server CPU per delivery", cpu.median, "ns")
        return result
    }
}
