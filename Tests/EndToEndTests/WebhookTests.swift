import TestSupport
import Testing

/// Webhooks as an application's server receives them.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct WebhookTests {
    @Test("all seven events arrive, signed, filtered, after their grace, and again when refused")
    func webhooks() async throws {
        let port = FreePort.next()
        try await Scenarios.run(
            "webhooks.py",
            arguments: ["--extra", "\(port)"],
            overriding: configuration(port: port),
            limit: .seconds(180)
        )
    }

    /// One app with the events of channels and clients and a filtered webhook, one with subscription counts.
    private func configuration(port: Int) -> String {
        """
        {"webhooks": {"retry": {"initial_backoff_ms": 200, "max_backoff_ms": 1000}},
         "app_manager": {"array": {"apps": [
            {"id": "1", "key": "demo-key", "secret": "demo-secret", "enabled": true,
             "policy": {
                "limits": {}, "features": {"enable_client_messages": true}, "channels": {},
                "webhooks": [
                    {"url": "http://127.0.0.1:\(port)/main",
                     "event_types": ["channel_occupied", "channel_vacated", "member_added", "member_removed",
                                     "client_event", "cache_miss"]},
                    {"url": "http://127.0.0.1:\(port)/filtered", "event_types": ["channel_occupied"],
                     "filter": {"channel_prefix": "filtered-", "channel_suffix": "-eu",
                                "channel_pattern": "^filtered-[0-9a-f]+-eu$"},
                     "headers": {"X-Env": "test"}}]}},
            {"id": "6", "key": "counting-key", "secret": "counting-secret", "enabled": true,
             "policy": {
                "limits": {}, "features": {"enable_subscription_count": true}, "channels": {},
                "webhooks": [
                    {"url": "http://127.0.0.1:\(port)/main", "event_types": ["subscription_count"]}]}}
         ]}}}
        """
    }
}
