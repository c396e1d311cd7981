import ServerCore
import Testing

/// The problems that an app can have.
@Suite
struct AppValidationTests {
    private func keys(_ change: (inout App) -> Void) -> [String] {
        var app = App(id: "1", key: "k", secret: "s")
        change(&app)
        return app.validate().map(\.key)
    }

    private func webhookKeys(url: String = "https://h.test/", _ change: (inout Webhook) -> Void = { _ in }) -> [String]
    {
        keys { app in
            var webhook = Webhook(url: url, eventTypes: .memberAdded)
            change(&webhook)
            app.webhooks = [webhook]
        }
    }

    @Test("an app with default policies is valid")
    func valid() {
        #expect(keys { _ in }.isEmpty)
        #expect(webhookKeys().isEmpty)
    }

    @Test("empty credentials are problems of their own keys")
    func emptyCredentials() {
        #expect(App(id: "", key: "", secret: "").validate().map(\.key) == ["id", "key", "secret"])
        #expect(keys { $0.previousSecrets = [""] } == ["previous_secrets"])
    }

    @Test(
        "an id or key that cannot be part of a path is refused",
        arguments: ["a/b", "a?b", "a#b", "a b", "a\n", "a%2F"]
    )
    func pathSafety(text: String) {
        #expect(keys { $0.id = text } == ["id"])
        #expect(keys { $0.key = text } == ["key"])
    }

    @Test("a key with a colon is refused, since auth strings could not be split")
    func colon() {
        #expect(keys { $0.key = "a:b" } == ["key"])
    }

    @Test("an origin pattern has at most one star", arguments: ["https://*.*.test", "", "a b"])
    func origins(pattern: String) {
        #expect(keys { $0.allowedOrigins = ["*", pattern] } == ["channels.allowed_origins"])
    }

    @Test("limits are at least one where zero would refuse everything")
    func limits() {
        #expect(keys { $0.limits.maxEventPayloadBytes = 0 } == ["limits.max_event_payload_in_kb"])
        #expect(keys { $0.limits.maxBatchEvents = 0 } == ["limits.max_event_batch_size"])
        #expect(keys { $0.limits.maxConnections = 0 }.isEmpty)
        #expect(keys { $0.limits.maxClientEventsPerSecond = 0 }.isEmpty)
    }

    @Test(
        "a webhook URL that cannot be posted to is refused",
        arguments: [
            "", "ftp://h/", "https://", "https:///p", "h.test/p", "https://user:pw@h/", "https://h:0/",
            "https://h:99999/",
            "https://h:/", "https://[]/", "https://[::1", "https://h te/", "https://h\r\nX: y/", "https://h\\e/",
            "https://:80/", "https://?x",
        ]
    )
    func badURLs(url: String) {
        #expect(webhookKeys(url: url) == ["webhooks[0].url"])
    }

    @Test(
        "an ordinary webhook URL is accepted",
        arguments: [
            "http://h", "HTTPS://h.test:8443/p?q=1#f", "http://[::1]:8080/x", "http://127.0.0.1/", "https://h?x",
        ]
    )
    func goodURLs(url: String) {
        #expect(webhookKeys(url: url).isEmpty)
    }

    @Test("a channel pattern must be a regular expression")
    func pattern() {
        #expect(webhookKeys { $0.filter.channelPattern = "^presence-(" } == ["webhooks[0].filter.channel_pattern"])
        #expect(webhookKeys { $0.filter.channelPattern = "^presence-[0-9]+$" }.isEmpty)
    }

    @Test(
        "a header cannot replace what the server sends or add a line",
        arguments: [("X-Pusher-Key", "v"), ("Host", "v"), ("A B", "v"), ("", "v"), ("X-A", "v\r\nX-B: w")]
    )
    func headers(name: String, value: String) {
        #expect(webhookKeys { $0.headers = [.init(name: name, value: value)] } == ["webhooks[0].headers"])
    }

    @Test("times and attempts of a webhook are at least one")
    func webhookTimes() {
        #expect(webhookKeys { $0.requestTimeout = .zero } == ["webhooks[0].request_timeout_ms"])
        #expect(webhookKeys { $0.retry.maxAttempts = 0 } == ["webhooks[0].retry.max_attempts"])
    }
}
