import Testing

@testable import martlet

/// Keys that have no effect.
@Suite
struct UnknownKeyTests {
    @Test(
        "an unknown key is told of with the nearest known one",
        arguments: [
            (#"{"prot":1}"#, "prot", "port"),
            (#"{"websocket":{"max_mesages":1}}"#, "websocket.max_mesages", "websocket.max_messages"),
            (#"{"web_socket":{"max_messages":1}}"#, "web_socket", nil),
            (#"{"zzzzzzzzzzzz":1}"#, "zzzzzzzzzzzz", nil),
        ] as [(String, String, String?)]
    )
    func suggestions(text: String, key: String, nearest: String?) async throws {
        let warnings = try await load(file: text).warnings.filter { $0.contains("not known") }
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("file config/config.json: \(key) is not known") == true)
        if let nearest {
            #expect(warnings.first?.hasSuffix("did you mean \(nearest)?") == true)
        } else if key != "web_socket" {
            #expect(warnings.first?.contains("did you mean") == false)
        }
    }

    @Test(
        "a key of Sockudo's without effect here is told of as such",
        arguments: [
            #"{"adapter":{"nats":{"prefix":"x"}}}"#, #"{"adapter":{"fallback_to_local":true}}"#,
            #"{"adapter":{"cluster":{"use_connection_manager":true}}}"#, #"{"event_limits":{"max_batch_size":1}}"#,
            #"{"database":{"redis":{"key_prefix":"h"}}}"#, #"{"websocket":{"compression":"disabled"}}"#,
        ]
    )
    func ignored(text: String) async throws {
        let warnings = try await load(file: text).warnings.filter { $0.hasPrefix("file ") }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("is not known") == false)
    }

    @Test("an unknown key on the command line and an unknown variable of ours are told of")
    func otherLayers() async throws {
        let warnings = try await load(
            [
                "MARTLET_MAX_CONECTIONS": "1", "NATS_PASSWORD": "hunter2", "HOME": "/",
                "MARTLET_PORT": "tcp://1:2",
            ],
            set: ["prot=1"]
        ).warnings
        #expect(
            warnings.contains(
                "environment variable MARTLET_MAX_CONECTIONS is not known; did you mean MARTLET_MAX_CONNECTIONS?"
            )
        )
        #expect(warnings.contains("command line: prot is not known; did you mean port?"))
        #expect(warnings.contains { $0.hasPrefix("environment variable NATS_PASSWORD ") && !$0.contains("hunter2") })
        #expect(!warnings.contains { $0.contains("HOME") || $0.contains("MARTLET_PORT ") })
    }

    @Test("an unknown key of an app and of its webhooks is told of with its place")
    func apps() async throws {
        let text = """
            {"app_manager":{"array":{"apps":[{"id":"1","key":"k","secret":"s","enabld":true,
            "policy":{"limits":{"max_conections":1,"max_read_requests_per_second":4},"channels":{"channel_namespaces":[]},
            "webhooks":[{"url":"http://h/","event_types":["member_aded"],"filter":{"channel_namespace":"x"}}]}}]}}}
            """
        let warnings = try await load(file: text).warnings
        let app = "file config/config.json: app_manager.array.apps[0]"
        #expect(
            warnings == [
                "\(app).enabld is not known; did you mean enabled?",
                "\(app).policy.channels.channel_namespaces belongs to something that this build does not offer",
                "\(app).policy.limits.max_conections is not known; did you mean max_connections?",
                "\(app).policy.limits.max_read_requests_per_second has no effect, as in Sockudo",
                "\(app).policy.webhooks[0].event_types: 'member_aded' is not an event of this build; "
                    + "did you mean member_added?",
                "\(app).policy.webhooks[0].filter.channel_namespace belongs to something that this build does not offer",
            ]
        )
    }

    @Test("a key that nobody could mean is shown shortened and without control characters")
    func hostileKey() async throws {
        let key = String(repeating: "\\u001b[31m", count: 50)
        let warnings = try await load(file: "{\"\(key)\":1}").warnings
        #expect(warnings.allSatisfy { $0.utf8.count < 200 && !$0.contains("\u{1b}") })
    }

    @Test("letters are counted as insertions, deletions and replacements")
    func distance() {
        #expect(EditDistance.between(Array("kitten".utf8), Array("sitting".utf8)) == 3)
        #expect(EditDistance.between([], Array("abc".utf8)) == 3)
        #expect(EditDistance.between(Array("abc".utf8), Array("abc".utf8)) == 0)
    }
}
