import Foundation
import TestSupport
import Testing

/// Guards what a delivery and a publish cost, as ratios of CPU time inside one run: what else the machine does moves
/// both sides of a ratio, which is taken of runs that follow each other and of which the middle one counts.
///
/// The bounds are for builds without optimization, in which the server's own instructions weigh most, and lie a fifth
/// above what was measured on a busy machine: 1.16 for a delivery beside a bare `send(2)`, 0.10 for one of a burst
/// beside a single one, 1.68 for a signed publish beside a fixed reply of the same size, 2.2 for that reply beside the
/// floor's.
struct DeliveryCostTests {
    private static let rounds = 5

    @Test("a delivery costs little more than a bare send, and a burst's far less than single ones")
    func delivery() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            let server = try await start("cost-delivery")
            let floor = try await startFloor("cost-delivery")
            let load = ["--subscribers", "500", "--seconds", "0.8"]
            var ratios: [(single: Double, burst: Double)] = []
            for round in 0..<Self.rounds {
                let bare = try await delivery(floor.target + load, "cost-floor-\(round)")
                let single = try await delivery(target(server) + load, "cost-single-\(round)")
                let burst = try await delivery(target(server) + load + ["--burst", "16"], "cost-burst-\(round)")
                ratios.append((single / bare, burst / single))
            }
            let (single, burst) = (middle(ratios.map(\.single)), middle(ratios.map(\.burst)))
            #expect(single < 1.45, "\(ratios)")
            #expect(burst < 0.13, "\(ratios)")
            #expect(await server.stop() == 0)
        }
    }

    @Test("a signed publish costs little more than a fixed reply, and that little more than the floor's")
    func publish() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            let server = try await start("cost-publish")
            let floor = try await startFloor("cost-publish")
            var ratios: [(publish: Double, reply: Double)] = []
            for round in 0..<Self.rounds {
                let bare = try await request(floor.target, "cost-bare-\(round)")
                let fixed = try await request(target(server) + ["--form", "fixed-reply"], "cost-fixed-\(round)")
                let event = try await request(target(server), "cost-event-\(round)")
                ratios.append((event / fixed, fixed / bare))
            }
            let (publish, reply) = (middle(ratios.map(\.publish)), middle(ratios.map(\.reply)))
            #expect(publish < 2.0, "\(ratios)")
            #expect(reply < 2.7, "\(ratios)")
            #expect(await server.stop() == 0)
        }
    }

    /// The CPU time of a server for each delivery of one run.
    private func delivery(_ arguments: [String], _ name: String) async throws -> Double {
        let run = try await BenchmarkRun.run("fanout", arguments, name: name)
        return try #require(run.figures["server CPU per delivery"])
    }

    /// The CPU time of a server for each request of one run.
    private func request(_ arguments: [String], _ name: String) async throws -> Double {
        let run = try await BenchmarkRun.run("publish", arguments + ["--seconds", "0.8"], name: name)
        return try #require(run.figures["server CPU per request"])
    }

    private func middle(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }

    private func startFloor(_ name: String) async throws -> (process: ChildProcess, target: [String]) {
        let port = FreePort.next()
        let floor = try await BenchmarkRun.startFloor(port: port, name: name)
        return (floor, ["--url", "ws://127.0.0.1:\(port)/sub", "--pid", "\(floor.pid)"])
    }

    private func start(_ name: String) async throws -> MartletProcess {
        try await MartletProcess.start(
            name: name,
            overriding: #"{"listener": {"event_loop_threads": 1}}"#,
            readiness: { LoopbackHTTP.accepts(port: $0.port) }
        )
    }

    private func target(_ server: MartletProcess) -> [String] {
        [
            "--url", "ws://127.0.0.1:\(server.port)/app/demo-key", "--app-id", "1", "--secret", "demo-secret",
            "--pid", "\(server.process.pid)",
        ]
    }
}
