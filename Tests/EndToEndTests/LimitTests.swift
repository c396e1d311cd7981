import TestSupport
import Testing

/// What one node does at its limits.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct LimitTests {
    @Test("connections beyond max_connections, slow consumers and busy addresses are refused as configured")
    func limits() async throws {
        try await Scenarios.run(
            "limits.py",
            overriding: """
                {"max_connections": 20,
                 "websocket": {"max_messages": 100, "max_bytes": 1000000},
                 "rate_limiter": {
                    "enabled": true,
                    "api_rate_limit": {"max_requests": 20000, "window_seconds": 3600},
                    "websocket_rate_limit": {"max_requests": 10000, "window_seconds": 60}
                 }}
                """
        )
    }

    @Test("requests beyond an address's rate are refused with 429")
    func rates() async throws {
        try await Scenarios.run(
            "rates.py",
            overriding: """
                {"rate_limiter": {
                    "enabled": true,
                    "api_rate_limit": {"max_requests": 30, "window_seconds": 3600},
                    "websocket_rate_limit": {"max_requests": 5, "window_seconds": 3600}
                 }}
                """
        )
    }

    @Test("a server without free descriptors serves whom it has, and recovers")
    func descriptors() async throws {
        try await Scenarios.run("descriptors.py", arguments: ["--extra", "128"], descriptorLimit: 128)
    }

    @Test("memory, descriptors and gauges return to where they were after many connections")
    func leaves() async throws {
        try await Scenarios.run("leak.py", weight: 3, limit: .seconds(520))
    }
}
