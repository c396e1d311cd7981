import FoundationEssentials
import ServerCore
import TestSupport
import Testing

/// The JSON of an app in both of its forms.
@Suite
struct AppCodingTests {
    private func app(_ json: String) throws -> App {
        try JSONDecoder().decode(App.self, from: Data(json.utf8))
    }

    @Test("the policy form and the older flat form are the same app")
    func bothForms() throws {
        let nested = try app(
            """
            {"id":"shop","key":"shop-key","secret":"s3cret","enabled":false,"policy":{
              "limits":{"max_connections":5000,"max_client_events_per_second":20,"max_event_payload_in_kb":64,
                "max_presence_member_size_in_kb":2,"decay_seconds":3,"terminate_on_limit":true},
              "features":{"enable_client_messages":true,"enable_user_authentication":true,
                "enable_watchlist_events":true,"enable_subscription_count":true},
              "channels":{"allowed_origins":["https://*.shop.test"]},
              "webhooks":[{"url":"https://hooks.shop.test/p","event_types":["channel_occupied"]}],
              "idempotency":{"enabled":true,"ttl_seconds":60}}}
            """
        )
        let flat = try app(
            """
            {"id":"shop","key":"shop-key","secret":"s3cret","enabled":false,
              "max_connections":5000,"max_client_events_per_second":20,"max_event_payload_in_kb":64,
              "max_presence_member_size_in_kb":2,"decay_seconds":3,"terminate_on_limit":true,
              "enable_client_messages":true,"enable_user_authentication":true,"enable_watchlist_events":true,
              "enable_subscription_count":true,"allowed_origins":["https://*.shop.test"],
              "webhooks":[{"url":"https://hooks.shop.test/p","event_types":["channel_occupied"]}],
              "idempotency":{"enabled":true,"ttl_seconds":60}}
            """
        )
        #expect(nested == flat)
        #expect(nested.limits.maxConnections == 5000)
        #expect(nested.limits.maxEventPayloadBytes == 65_536)
        #expect(nested.limits.maxPresenceMemberBytes == 2048)
        #expect(nested.limits.clientEventWindowSeconds == 3)
        #expect(nested.limits.terminatesOnClientEventLimit)
        #expect(nested.features.allowsClientEvents && nested.features.requiresUserAuthentication)
        #expect(nested.features.sendsWatchlistEvents && nested.features.sendsSubscriptionCount)
        #expect(nested.allowedOrigins == ["https://*.shop.test"])
        #expect(nested.webhooks == [Webhook(url: "https://hooks.shop.test/p", eventTypes: .channelOccupied)])
        #expect(nested.idempotency.ttlSeconds == 60)
        #expect(!nested.isEnabled)
    }

    @Test("a policy wins over flat fields beside it")
    func policyWins() throws {
        let app = try app(
            #"{"id":"1","key":"k","secret":"s","max_connections":9,"policy":{"limits":{"max_connections":5}}}"#
        )
        #expect(app.limits.maxConnections == 5)
    }

    @Test("absent and null limits take the defaults, which are Pusher's")
    func defaults() throws {
        let bare = try app(#"{"id":"1","key":"k","secret":"s"}"#)
        #expect(bare == App(id: "1", key: "k", secret: "s"))
        let nulls = try app(
            """
            {"id":"1","key":"k","secret":"s","policy":{"limits":{"max_event_payload_in_kb":null,
            "message_rate_limit":null},"features":{"enable_watchlist_events":null},
            "channels":{"allowed_origins":null},"idempotency":null,"webhooks":null}}
            """
        )
        #expect(nulls == bare)
        #expect(bare.limits.maxEventPayloadBytes == 10_240)
    }

    @Test("a number can be a string of digits", arguments: ["5000", #""5000""#])
    func numericStrings(literal: String) throws {
        let app = try app(#"{"id":"1","key":"k","secret":"s","max_connections":\#(literal)}"#)
        #expect(app.limits.maxConnections == 5000)
    }

    @Test(
        "a limit that is no number is refused",
        arguments: ["-1", "4294967296", #""many""#, "true", "[1]", "1.5", #""""#, "1e400"]
    )
    func malformedNumbers(literal: String) {
        #expect(throws: DecodingError.self) {
            try app(#"{"id":"1","key":"k","secret":"s","max_connections":\#(literal)}"#)
        }
    }

    @Test("unknown keys and event types are skipped")
    func unknownKeys() throws {
        let app = try app(
            """
            {"id":"1","key":"k","secret":"s","shoe_size":44,"policy":{"limits":{"x":1},"history":{"enabled":true},
            "webhooks":[{"url":"http://h/","event_types":["member_updated","member_added"],"lambda":{}}]}}
            """
        )
        #expect(app.webhooks[0].eventTypes == .memberAdded)
    }

    @Test("a webhook may name a function in both of Sockudo's forms, and a URL beside it counts")
    func lambda() throws {
        let app = try app(
            """
            {"id":"1","key":"k","secret":"s","policy":{"webhooks":[
            {"lambda":{"function_name":"fn","region":"eu-central-1"},"event_types":["member_added"]},
            {"lambda_function":"old","event_types":["member_added"]},{"lambda":{"region":"x y"}},
            {"url":"http://h/","lambda_function":"fn"}]}}
            """
        )
        #expect(app.webhooks[0].lambda == LambdaFunction(name: "fn", region: "eu-central-1"))
        #expect(app.webhooks[1].lambda == LambdaFunction(name: "old", region: "us-east-1"))
        #expect(app.webhooks[3].lambda == nil)
        #expect(
            app.validate().map(\.key) == ["webhooks[2].lambda.function_name", "webhooks[2].lambda.region"]
        )
        let copy = try JSONDecoder().decode(App.self, from: JSONEncoder().encode(app))
        #expect(copy == app)
    }

    @Test("a message rate limit counts only if it is enabled")
    func messageRate() throws {
        let off = try app(
            #"{"id":"1","key":"k","secret":"s","policy":{"limits":{"message_rate_limit":{"max_attempts":5}}}}"#
        )
        #expect(off.limits.messageRate == nil)
        let on = try app(
            """
            {"id":"1","key":"k","secret":"s","policy":{"limits":{"message_rate_limit":
            {"enabled":true,"max_attempts":5,"decay_seconds":2,"terminate_on_limit":true}}}}
            """
        )
        var expected = MessageRateLimit()
        expected.maxMessages = 5
        expected.windowSeconds = 2
        expected.terminatesOnLimit = true
        #expect(on.limits.messageRate == expected)
    }

    @Test("an app with everything set survives being written and read")
    func roundTrip() throws {
        var app = App(id: "1", key: "k", secret: "s")
        app.previousSecrets = ["old", "older"]
        app.isEnabled = false
        app.limits.maxConnections = 7
        app.limits.maxEventPayloadBytes = 3 * 1024
        app.limits.messageRate = MessageRateLimit()
        app.features.sendsSubscriptionCount = true
        app.allowedOrigins = ["*.test"]
        app.idempotency.isEnabled = false
        var webhook = Webhook(url: "https://h.test/", eventTypes: [.cacheMiss, .subscriptionCount])
        webhook.filter.channelPrefix = "a"
        webhook.filter.channelSuffix = "z"
        webhook.filter.channelPattern = "^a.*z$"
        webhook.headers = [.init(name: "A", value: "1"), .init(name: "B", value: "2")]
        webhook.retry.isEnabled = true
        webhook.retry.maxAttempts = 3
        webhook.retry.maxElapsed = .milliseconds(1500)
        webhook.requestTimeout = .milliseconds(2500)
        app.webhooks = [webhook]
        let data = try JSONEncoder().encode(app)
        #expect(try JSONDecoder().decode(App.self, from: data) == app)
        #expect(String(decoding: data, as: UTF8.self).contains(#""policy""#))
        let policy = try JSONEncoder().encode(app.policy)
        #expect(try JSONDecoder().decode(AppPolicy.self, from: policy) == app.policy)
    }

    @Test("a size that is no whole kibibyte is written as the next one")
    func roundsUp() throws {
        var app = App(id: "1", key: "k", secret: "s")
        app.limits.maxEventPayloadBytes = 1025
        let read = try JSONDecoder().decode(App.self, from: JSONEncoder().encode(app))
        #expect(read.limits.maxEventPayloadBytes == 2048)
    }

    @Test("damaged JSON is refused or read, and what is read can be validated")
    func damagedJSON() throws {
        var app = App(id: "1", key: "k", secret: "s")
        app.limits.messageRate = MessageRateLimit()
        app.webhooks = [Webhook(url: "https://h.test:1/", eventTypes: .memberAdded)]
        app.webhooks[0].filter.channelPattern = "^[a-z]+$"
        let original = Array(try JSONEncoder().encode(app))
        var generator = SeededGenerator(seed: 11)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: bytes.indices, using: &generator)
                bytes[index] = UInt8.random(in: 0x20...0x7E, using: &generator)
            }
            if Bool.random(using: &generator) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
            }
            if let damaged = try? JSONDecoder().decode(App.self, from: Data(bytes)) {
                _ = damaged.validate()
                read += 1
            }
        }
        #expect(read > 0)
    }
}
