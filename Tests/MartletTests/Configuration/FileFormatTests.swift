import Server
import ServerCore
import TestSupport
import Testing

@testable import martlet

/// JSON and TOML files.
@Suite
struct FileFormatTests {
    @Test("the same configuration in JSON and in TOML is the same")
    func equality() async throws {
        let json = try await load(
            file: """
                {"port":7001,"debug":true,"websocket":{"max_messages":null,"max_bytes":1048576},
                 "cors":{"origin":["a.test","b.test"]},"log":{"format":"json","levels":{"hub":"debug"}},
                 "app_manager":{"array":{"apps":[{"id":"1","key":"k","secret":"s",
                   "policy":{"limits":{"max_connections":5},"webhooks":[
                     {"url":"http://h/","event_types":["cache_miss"],"headers":{"A":"b"}}]}}]}}}
                """
        )
        let toml = try await load(
            file: """
                port = 7_001 # with a comment
                debug = true
                cors.origin = ["a.test", "b.test"]
                [websocket]
                max_bytes = 0x100000
                [log]
                format = 'json'
                levels = { hub = "debug" }
                [[app_manager.array.apps]]
                id = "1"
                key = "k"
                secret = "s"
                [app_manager.array.apps.policy.limits]
                max_connections = 5
                [[app_manager.array.apps.policy.webhooks]]
                url = "http://h/"
                event_types = ["cache_miss"]
                headers = { A = "b" }
                """,
            named: "config/config.toml"
        )
        #expect(json.settings == toml.settings)
        #expect(json.settings.server.webSocket.maxPendingMessages == 1000)
        #expect(json.settings.appManager.apps[0].limits.maxConnections == 5)
        #expect(json.settings.logging.areas == ["hub": .debug])
    }

    @Test(
        "text that is not in its format is refused",
        arguments: ["", "{", "[]", "1", "{\"a\":}", "{\"port\":1}}", "\u{0}", "{\"a\":\"\u{0}\"}", "{'port':1}"]
    )
    func badJSON(text: String) {
        #expect(throws: ConfigNode.SyntaxError.self) { try ConfigNode(text: text, format: .json) }
    }

    @Test("TOML that is not TOML names the place", arguments: ["port = ", "[a", "a = 1\na = 2", "= 1", "a = \"\n\""])
    func badTOML(text: String) {
        let error = #expect(throws: ConfigNode.SyntaxError.self) { try ConfigNode(text: text, format: .toml) }
        #expect(error?.message.contains("line ") == true)
    }

    @Test(
        "what the parser takes for granted is refused with its line",
        arguments: [
            "[=a]", "a = [}", "a = [\u{2028}1]", "a = [\r1]", "a = \u{1}", "a = [1, [2}]", "[ [a]]", "[[ =]]", "[",
            "[@", "[\n]", "x = 1\n\n  [é]",
            "a = \"\"\"\n[=\n\"\"\"\n[=]",
            "a = '#'\n[#",
        ]
    )
    func badHeaders(text: String) {
        let error = #expect(throws: ConfigNode.SyntaxError.self) { try ConfigNode(text: text, format: .toml) }
        #expect(error?.message.contains("line ") == true)
    }

    @Test(
        "a line of a value that looks like a bad header is none",
        arguments: [
            "a = [\n[{ b = 1 }],\n[ [1] ],\n[\n]\n]\n", "a = \"\"\"\n[=]\n\\\"\"\"\"\n",
            "a = \"\"\"x\\\n[=]\"\"\"\"\"\n",
            "a = \'\'\'\n[=]\\\'\'\'\n", "# [=]\n # [=]", "a = \"# [\" # [\n[b]",
            "a = { b = [1] } # {\n[\"c d\"]\n[-1]", "[[ a.b ]]",
        ]
    )
    func goodValues(text: String) throws {
        _ = try ConfigNode(text: text, format: .toml)
    }

    @Test("nesting without end is refused and not followed", arguments: [ConfigNode.Format.json, .toml])
    func nesting(format: ConfigNode.Format) {
        for opening in ["[", "{\"a\":", "[{\"a\":"] {
            let text = String(repeating: opening, count: 100_000)
            let whole = format == .json ? "{\"a\":\(text)" : "a = \(text)"
            #expect(throws: ConfigNode.SyntaxError.self) { try ConfigNode(text: whole, format: format) }
        }
    }

    @Test("a key with a zero byte in TOML is refused")
    func zeroByteKey() {
        #expect(throws: ConfigNode.SyntaxError.self) {
            try ConfigNode(text: #""a\u0000b" = 1"#, format: .toml)
        }
    }

    @Test("a file that is not UTF-8 is refused")
    func notText() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("", to: "config.json")
        try TemporaryDirectory.write(bytes: [0xFF, 0xFE, 0x00], to: path)
        let loader = SettingsLoader(environment: [:], commandLine: CommandLineSettings(configPath: path))
        await #expect(throws: SettingsError.self) { try await loader.load() }
    }
}
