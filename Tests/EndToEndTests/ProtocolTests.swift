import TestSupport
import Testing

/// Pusher protocol 7, scripted message by message.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct ProtocolTests {
    @Test("handshakes, protocol versions, refusals before the connection is established, encodings")
    func handshake() async throws {
        try await Scenarios.run("handshake.py")
    }

    @Test("private, presence, cache and encrypted channels, counts, client events, order")
    func channels() async throws {
        try await Scenarios.run("channels.py")
    }

    @Test("users sign in, get events of their own, watch each other and are disconnected")
    func users() async throws {
        try await Scenarios.run("users.py")
    }

    @Test("silent connections are probed and closed, unauthorized ones too")
    func liveness() async throws {
        let strict = """
            {"id": "7", "key": "strict-key", "secret": "strict-secret", "enabled": true,
             "policy": {"limits": {}, "features": {"enable_user_authentication": true}, "channels": {}}}
            """
        let demo = """
            {"id": "1", "key": "demo-key", "secret": "demo-secret", "enabled": true, "policy": {}}
            """
        try await Scenarios.run(
            "liveness.py",
            overriding: """
                {"activity_timeout": 3, "pong_timeout_ms": 3000, "user_authentication_timeout": 2,
                 "app_manager": {"array": {"apps": [\(demo), \(strict)]}}}
                """
        )
    }
}
