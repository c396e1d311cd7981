import Foundation
import TestSupport
import Testing

/// Guards what a delivery and a publish cost, as ratios inside one run.
///
/// The bounds are for builds without optimization and leave room for a busy machine: what they catch is the loss of
/// the direct path, of frames that leave together, or of a publish's straight way, each of which costs more. Measured
/// without optimization: 1.2, 0.12 and 1.9.
struct DeliveryCostTests {
    private static let cost = "server CPU per delivery"

    @Test("a delivery costs little more than a bare send, and a burst's far less than single ones")
    func delivery() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            let server = try await start("cost-delivery")
            let port = FreePort.next()
            let floor = try await BenchmarkRun.startFloor(port: port, name: "cost-delivery")
            let plain = ["--url", "ws://127.0.0.1:\(port)/sub", "--pid", "\(floor.pid)"]
            let load = ["--subscribers", "500", "--seconds", "2"]
            let bare = try await BenchmarkRun.run("fanout", plain + load, name: "cost-floor")
            let single = try await BenchmarkRun.run("fanout", target(server) + load, name: "cost-single")
            let burst = try await BenchmarkRun.run(
                "fanout",
                target(server) + load + ["--burst", "16"],
                name: "cost-burst"
            )
            let (bareCost, singleCost, burstCost) = (
                try #require(bare.figures[Self.cost]), try #require(single.figures[Self.cost]),
                try #require(burst.figures[Self.cost])
            )
            #expect(singleCost / bareCost < 1.6, "\(singleCost) ns beside \(bareCost) ns")
            #expect(burstCost / singleCost < 0.25, "\(burstCost) ns beside \(singleCost) ns")
            #expect(await server.stop() == 0)
        }
    }

    @Test("a signed publish costs little more than the HTTP around it")
    func publish() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            let server = try await start("cost-publish")
            let load = ["--seconds", "2"]
            let fixed = try await BenchmarkRun.run(
                "publish",
                target(server) + load + ["--form", "fixed-reply"],
                name: "cost-fixed"
            )
            let event = try await BenchmarkRun.run("publish", target(server) + load, name: "cost-event")
            let (fixedCost, eventCost) = (
                try #require(fixed.figures["server CPU per request"]),
                try #require(event.figures["server CPU per request"])
            )
            #expect(eventCost / fixedCost < 2.5, "\(eventCost) ns beside \(fixedCost) ns")
            #expect(await server.stop() == 0)
        }
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
