import TestSupport
import Testing

/// The HTTP API, operations, and HTTP that means harm.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct HTTPTests {
    @Test("the HTTP API: statuses, bodies, texts, authentication, idempotency, deprecated routes")
    func api() async throws {
        try await Scenarios.run("http_api.py")
    }

    @Test("health, metrics, statistics and the log")
    func operations() async throws {
        try await Scenarios.run("operations.py")
    }

    @Test("hostile requests are refused, slow ones cut off, odd ones answered")
    func hostility() async throws {
        try await Scenarios.run(
            "hostility.py",
            overriding: """
                {"listener": {"header_timeout_ms": 2000, "body_timeout_ms": 2000, "keep_alive_timeout_ms": 4000}}
                """
        )
    }
}
