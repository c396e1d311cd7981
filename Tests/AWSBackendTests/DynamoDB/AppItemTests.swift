import Foundation
import ServerCore
import TestSupport
import Testing

@testable import AWSBackend

@Suite("An app as an item")
struct AppItemTests {
    private func read(_ json: String) throws -> AppItem {
        let attributes = try JSONDecoder().decode([String: AttributeValue].self, from: Data(json.utf8))
        return try AppItem(attributes: attributes)
    }

    private var app: App {
        var app = App(id: "shop", key: "shop-key", secret: "s3cret")
        app.previousSecrets = ["older"]
        app.isEnabled = false
        app.limits.maxConnections = 5000
        app.limits.messageRate = MessageRateLimit()
        app.features.allowsClientEvents = true
        app.allowedOrigins = ["https://*.shop.test"]
        var webhook = Webhook(url: "https://hooks.shop.test/p", eventTypes: [.channelOccupied, .channelVacated])
        webhook.headers = [Webhook.HeaderField(name: "X-A", value: "\"ü\"")]
        app.webhooks = [webhook]
        app.idempotency.ttlSeconds = 60
        return app
    }

    @Test("an app comes back as it was written")
    func roundTrip() throws {
        let item = AppItem(app: app, version: 3)
        let attributes = try item.attributes()
        #expect(try AppItem(attributes: attributes).app == item.app)
        #expect(try AppItem(attributes: attributes).version == 3)
        let wire = try JSONDecoder().decode([String: AttributeValue].self, from: JSONEncoder().encode(attributes))
        #expect(try AppItem(attributes: wire).app == item.app)
        #expect(Set(attributes.keys) == ["id", "key", "secret", "enabled", "policy", "version", "previous_secrets"])
        #expect(attributes["enabled"] == .bool(false))
        #expect(attributes["policy"]?.string?.hasPrefix("{") == true)
    }

    @Test("what Sockudo writes is read")
    func sockudo() throws {
        let item = try read(
            #"""
            {"id":{"S":"shop"},"key":{"S":"shop-key"},"secret":{"S":"s3cret"},"enabled":{"BOOL":true},
            "policy":{"S":"{\"limits\":{\"max_connections\":5000,\"max_event_payload_in_kb\":null},\"features\":{\"enable_client_messages\":true},\"channels\":{\"allowed_origins\":[\"*\"]},\"webhooks\":[]}"}}
            """#
        )
        #expect(item.version == 0)
        #expect(item.app.limits.maxConnections == 5000)
        #expect(item.app.limits.maxEventPayloadBytes == AppLimits().maxEventPayloadBytes)
        #expect(item.app.features.allowsClientEvents)
        #expect(item.app.allowedOrigins == ["*"])
        #expect(item.app.isEnabled)
    }

    @Test("a policy as a map is read")
    func map() throws {
        let item = try read(
            #"""
            {"id":{"S":"1"},"key":{"S":"k"},"secret":{"S":"s"},"version":{"N":"9"},
            "policy":{"M":{"limits":{"M":{"max_connections":{"N":"7"},"decay_seconds":{"NULL":true}}},
            "channels":{"M":{"allowed_origins":{"L":[{"S":"a.test"}]}}},
            "webhooks":{"L":[{"M":{"url":{"S":"https://h.test"},"event_types":{"SS":["member_added"]}}}]}}}}
            """#
        )
        #expect(item.version == 9)
        #expect(item.app.limits.maxConnections == 7)
        #expect(item.app.allowedOrigins == ["a.test"])
        #expect(item.app.webhooks.map(\.eventTypes) == [.memberAdded])
    }

    @Test("the older attributes beside each other are read")
    func legacy() throws {
        let item = try read(
            #"""
            {"id":{"S":"1"},"key":{"S":"k"},"secret":{"S":"s"},"max_connections":{"N":"12"},
            "max_event_payload_in_kb":{"N":"3"},"enable_client_messages":{"BOOL":true},
            "enable_user_authentication":{"BOOL":false},"allowed_origins":{"L":[{"S":"x.test"}]},
            "annotations_enabled":{"BOOL":true},"channel_delta_compression":{"S":"{\"a\":\"fossil\"}"},
            "webhooks":{"S":"[{\"url\":\"https://h.test\",\"event_types\":[\"cache_miss\"]}]"},
            "idempotency":{"S":"{\"enabled\":true,\"ttl_seconds\":5}"},"connection_recovery":{"S":""}}
            """#
        )
        #expect(item.app.isEnabled)
        #expect(item.app.limits.maxConnections == 12)
        #expect(item.app.limits.maxEventPayloadBytes == 3072)
        #expect(item.app.features.allowsClientEvents)
        #expect(item.app.allowedOrigins == ["x.test"])
        #expect(item.app.webhooks.map(\.url) == ["https://h.test"])
        #expect(item.app.idempotency.ttlSeconds == 5)
    }

    @Test("a change leaves what another server keeps in the item, and takes away what was taken away")
    func foreignParts() throws {
        var item = try read(
            #"""
            {"id":{"S":"1"},"key":{"S":"k"},"secret":{"S":"s"},"created_at":{"N":"5"},"previous_secrets":{"L":[{"S":"o"}]},
            "policy":{"S":"{\"limits\":{\"max_connections\":5,\"max_read_requests_per_second\":3,\"message_rate_limit\":{\"enabled\":true}},\"channels\":{\"allowed_origins\":[\"a\"],\"channel_namespaces\":[{\"name\":\"n\"}]},\"history\":{\"enabled\":true},\"idempotency\":{\"enabled\":true}}"}}
            """#
        )
        item.app.limits.maxConnections = 6
        item.app.limits.messageRate = nil
        item.app.allowedOrigins = []
        item.app.idempotency = AppIdempotency()
        item.app.previousSecrets = []
        let attributes = try item.attributes()
        #expect(attributes["created_at"] == .number("5"))
        #expect(attributes["previous_secrets"] == nil)
        let policy = try #require(attributes["policy"]?.string)
        #expect(policy.contains(#""max_connections":6"#))
        #expect(policy.contains(#""max_read_requests_per_second":3"#))
        #expect(policy.contains(#""channel_namespaces":[{"name":"n"}]"#))
        #expect(policy.contains(#""history":{"enabled":true}"#))
        #expect(try AppItem(attributes: attributes).app == item.app)
    }

    @Test("the older attributes become a policy")
    func upgrade() throws {
        var item = try read(
            #"""
            {"id":{"S":"1"},"key":{"S":"k"},"secret":{"S":"s"},"max_connections":{"N":"12"},
            "channel_delta_compression":{"S":"{}"},"webhooks":{"S":"[]"}}
            """#
        )
        item.app.limits.maxConnections = 13
        let attributes = try item.attributes()
        #expect(attributes["max_connections"] == nil)
        #expect(attributes["webhooks"] == nil)
        #expect(attributes["channel_delta_compression"] == .string("{}"))
        #expect(try AppItem(attributes: attributes).app.limits.maxConnections == 13)
    }

    @Test(
        "a faulty item is refused by name and place, without its values",
        arguments: [
            (#"{"id":{"S":"x"},"key":{"S":"hush"}}"#, "secret"),
            (#"{"id":{"S":"x"},"key":{"S":"k"},"secret":{"N":"5"}}"#, "secret"),
            (#"{"id":{"S":"x"},"key":{"S":"k"},"secret":{"S":"hush"},"policy":{"S":"{hush"}}"#, "policy"),
            (
                #"{"id":{"S":"x"},"key":{"S":"k"},"secret":{"S":"hush"},"policy":{"S":"{\"limits\":{\"max_connections\":\"hush\"}}"}}"#,
                "max_connections"
            ),
            (#"{"id":{"S":"x"},"key":{"S":"k"},"secret":{"S":"hush"},"extra":{"B":"aHVzaA=="}}"#, "extra"),
        ]
    )
    func faults(json: String, place: String) throws {
        #expect {
            try read(json)
        } throws: { error in
            guard let error = error as? BackendError else { return false }
            return error.code == .malformed && error.message.contains("'x'") && error.message.contains(place)
                && !"\(error)".contains("hush")
        }
    }

    @Test("any attribute is read back as it was written")
    func attributes() throws {
        var random = SeededGenerator(seed: 5)
        func value(_ depth: Int) -> AttributeValue {
            switch Int.random(in: 0...(depth > 3 ? 7 : 9), using: &random) {
            case 0: .string(String(decoding: random.bytes(6), as: UTF8.self))
            case 1: .number(String(Int.random(in: -99...99, using: &random)))
            case 2: .bool(Bool.random(using: &random))
            case 3: .null
            case 4: .binary(Data(random.bytes(5)))
            case 5: .stringSet(["a", "\u{0}"])
            case 6: .numberSet(["1", "2.5e10"])
            case 7: .binarySet([Data(random.bytes(2))])
            case 8: .list((0..<3).map { _ in value(depth + 1) })
            default: .map(["a": value(depth + 1), "": value(depth + 1)])
            }
        }
        for _ in 0..<300 {
            let original = value(0)
            let bytes = try JSONEncoder().encode(original)
            #expect(try JSONDecoder().decode(AttributeValue.self, from: bytes) == original)
        }
        for text in ["{}", "[]", "1", #"{"S":1}"#, #"{"X":"a"}"#, #"{"S":"a","N":"1"}"#, #"{"M":[]}"#] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(AttributeValue.self, from: Data(text.utf8)) }
        }
    }
}
