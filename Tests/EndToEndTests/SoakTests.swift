import Foundation
import TestSupport
import Testing

/// Webhooks through three servers and SQS while everything in between fails; `make soak` runs the long version.
@Suite(.enabled(if: EmulatedAWS.runsTests && PythonClient.runsTests, "\(EmulatedAWS.remedy)"), .timeLimit(.minutes(20)))
struct SoakTests {
    private static let events = ProcessInfo.processInfo.environment["MARTLET_SOAK_EVENTS"].flatMap { Int($0) } ?? 5_000

    @Test("what the queue accepts is delivered, in order where the queue has one", arguments: [true, false])
    func webhooks(isFIFO: Bool) async throws {
        let name = isFIFO ? "soak-fifo" : "soak-standard"
        try await Scenarios.takingTurns(weight: 3) {
            try await Scenarios.check(
                "webhook_soak.py",
                name: name,
                arguments: [
                    "--martlet", PackagePaths.executable("martlet").path,
                    "--folder", PackagePaths.logs.appending(path: "\(name)-\(getpid())").path,
                    "--events", String(Self.events),
                ] + (isFIFO ? ["--fifo"] : []),
                limit: .seconds(120 + Self.events / 100),
                sourceLocation: #_sourceLocation
            )
        }
    }
}
