import TestSupport
import Testing

/// How a server leaves.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct DrainTests {
    @Test("a signal drains in stages, a second one ends at once", arguments: Drain.allCases)
    func drain(_ drain: Drain) async throws {
        try await Scenarios.run(
            "drain.py",
            name: "drain-\(drain)",
            arguments: ["--only", drain.rawValue],
            overriding: drain.configuration,
            exitStatus: drain == .twice ? nil : 0
        )
    }

    /// One way to leave, by a part of its scenario's sentence.
    enum Drain: String, CaseIterable {
        case empty = "SIGTERM with no connection"
        case staged = "SIGTERM shows DRAINING first"
        case twice = "a second signal"
        case interrupt = "SIGINT drains"

        /// What the scenario needs of the server.
        var configuration: String {
            switch self {
            case .empty, .interrupt: #"{"shutdown_grace_period": 20}"#
            case .staged:
                """
                {"shutdown_grace_period": 20, "shutdown_pause_ms": 1500,
                 "shutdown": {"batch_size": 20, "batch_interval_ms": 30, "batch_jitter_ms": 10}}
                """
            case .twice: #"{"shutdown_grace_period": 30, "shutdown_pause_ms": 25000}"#
            }
        }
    }
}
