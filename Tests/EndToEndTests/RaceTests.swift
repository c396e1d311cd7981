import TestSupport
import Testing

/// Many sockets at once; `make race` runs this with the server under the thread sanitizer.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct RaceTests {
    @Test("a thousand sockets join and leave at random, and each sees exactly its events and members")
    func race() async throws {
        let port = FreePort.next()
        try await Scenarios.run(
            "race.py",
            arguments: ["--extra", "\(port)"],
            overriding: """
                {"listener": {"header_timeout_ms": 60000},
                 "webhooks": {"grace_period_ms": 50, "batching": {"enabled": true, "duration": 50, "size": 1000}},
                 "app_manager": {"array": {"apps": [{
                    "id": "5", "key": "busy-key", "secret": "busy-secret", "enabled": true,
                    "policy": {
                        "limits": {"max_presence_members_per_channel": 10000},
                        "features": {},
                        "channels": {},
                        "webhooks": [{
                            "url": "http://127.0.0.1:\(port)/",
                            "event_types": ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
                        }]
                    }}]}}}
                """,
            weight: 3,
            limit: .seconds(420)
        )
    }
}
