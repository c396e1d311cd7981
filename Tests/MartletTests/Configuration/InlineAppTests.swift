import ServerCore
import Testing

@testable import martlet

/// The apps that the configuration brings.
@Suite
struct InlineAppTests {
    private let file = #"{"app_manager":{"array":{"apps":[{"id":"1","key":"k1","secret":"s"}]}}}"#
    private let variables = [
        "SOCKUDO_DEFAULT_APP_ID": "2", "SOCKUDO_DEFAULT_APP_KEY": "k2", "SOCKUDO_DEFAULT_APP_SECRET": "s",
    ]

    @Test("inline apps are read from the file")
    func inline() async throws {
        #expect(try await load(file: file).settings.appManager.apps == [App(id: "1", key: "k1", secret: "s")])
    }

    @Test("the default app takes their place, with our limits where none is set")
    func defaultApp() async throws {
        let more = variables.merging([
            "SOCKUDO_DEFAULT_APP_MAX_EVENT_PAYLOAD_IN_KB": "20", "SOCKUDO_ENABLE_CLIENT_MESSAGES": "on",
            "MARTLET_DEFAULT_APP_ENABLE_WATCHLIST_EVENTS": "1", "SOCKUDO_DEFAULT_APP_ALLOWED_ORIGINS": "a.test, b.test",
        ]) { $1 }
        var expected = App(id: "2", key: "k2", secret: "s")
        expected.limits.maxEventPayloadBytes = 20 * 1024
        expected.features.allowsClientEvents = true
        expected.features.sendsWatchlistEvents = true
        expected.allowedOrigins = ["a.test", "b.test"]
        let loaded = try await load(more, file: file)
        #expect(loaded.settings.appManager.apps == [expected])
        #expect(loaded.origins["app_manager.array.apps"] == "environment variable SOCKUDO_DEFAULT_APP_ID")
        #expect(loaded.warnings.isEmpty)
    }

    @Test("a default app without all its credentials stops the start")
    func halfNamed() async throws {
        let found = try await problems(["SOCKUDO_DEFAULT_APP_ID": "2", "MARTLET_DEFAULT_APP_KEY": "k"])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("default_app.secret: ") == true)
    }

    @Test(
        "apps can be switched off, which is told of",
        arguments: [
            ["SOCKUDO_DEFAULT_APP_ENABLED": "false"], ["SOCKUDO_SKIP_INLINE_APPS": "true"],
            ["APP_MANAGER_REGISTER_INLINE_APPS": "false"],
        ]
    )
    func switchedOff(environment: [String: String]) async throws {
        let loaded = try await load(environment, file: file)
        #expect(loaded.settings.appManager.apps.isEmpty)
        #expect(loaded.warnings.contains { $0.hasPrefix("no app is configured") })
    }

    @Test(
        "an app that cannot be read names its place and what is expected",
        arguments: [
            (#"[{"id":"1","key":"k"}]"#, "[0].secret is missing"),
            (#"[{"id":1,"key":"k","secret":"s"}]"#, "[0].id must be text"),
            (
                #"[{"id":"1","key":"k","secret":"s"},{"id":"2","key":"j","secret":"s","enabled":"x"}]"#,
                "[1].enabled must be true or false"
            ),
            (
                #"[{"id":"1","key":"k","secret":"s","policy":{"limits":{"max_connections":"x"}}}]"#,
                "[0].policy.limits.max_connections must be a whole number from 0 to 4294967295"
            ),
            (#"[{"id":"1","key":"k","secret":"s","policy":{"limits":5}}]"#, "[0].policy.limits must be a table"),
            (#"[{"id":"1","key":"k","secret":"s","policy":{"webhooks":{}}}]"#, "[0].policy.webhooks must be a list"),
            (#"[5]"#, "[0] must be a table"),
            (#"{}"#, " must be a list of app tables, not a table"),
        ]
    )
    func unreadable(apps: String, problem: String) async throws {
        let found = try await problems(file: #"{"app_manager":{"array":{"apps":\#(apps)}}}"#)
        #expect(found == ["file config/config.json: app_manager.array.apps\(problem)"])
    }

    @Test("an app that is not valid, or is there twice, stops the start")
    func invalid() async throws {
        let found = try await problems(
            file: """
                {"app_manager":{"array":{"apps":[{"id":"1","key":"k","secret":""},{"id":"1","key":"k","secret":"s"}]}}}
                """
        )
        #expect(
            found == [
                "app_manager.array.apps[0].secret: must not be empty",
                "app_manager.array.apps[1].id: '1' is the id of an earlier app",
                "app_manager.array.apps[1].key: is the key of an earlier app",
            ]
        )
    }
}
