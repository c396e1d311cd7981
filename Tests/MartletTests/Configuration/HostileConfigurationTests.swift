import TestSupport
import Testing

@testable import martlet

/// Random and damaged configuration.
@Suite
struct HostileConfigurationTests {
    private static let rounds = 50_000
    private static let json = """
        {"port":7001,"debug":true,"websocket":{"max_messages":null,"max_bytes":1048576},"cors":{"origin":["a.test"]},
        "log":{"levels":{"hub":"debug"}},"app_manager":{"array":{"apps":[{"id":"1","key":"k","secret":"s",
        "policy":{"limits":{"max_connections":5},"webhooks":[{"url":"http://h/","event_types":["cache_miss"]}]}}]}}}
        """
    private static let toml = """
        port = 7001
        cors.origin = ["a.test"]
        [websocket]
        max_bytes = 1048576
        [[app_manager.array.apps]]
        id = "1"
        key = "k"
        secret = "s"
        """

    @Test("damaged files end in settings or in problems", arguments: [UInt64(1), 2, 3, 4])
    func damagedFiles(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for (text, format) in [(Self.json, ConfigNode.Format.json), (Self.toml, .toml)] {
            for _ in 0..<1_000 {
                var bytes = Array(text.utf8)
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: bytes.indices, using: &generator)
                    bytes[index] = UInt8.random(in: 0...0x7F, using: &generator)
                }
                bytes.removeLast(
                    Bool.random(using: &generator) ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
                )
                guard let tree = try? ConfigNode(text: String(decoding: bytes, as: UTF8.self), format: format) else {
                    continue
                }
                var findings = Findings()
                let layer = SettingsLayer(path: "f", tree: tree, findings: &findings)
                if let apps = layer.node(of: AppManagerKeys.inlineApps) {
                    _ = InlineApps.apps(in: apps, origin: "file f", findings: &findings)
                }
            }
        }
    }

    @Test("random TOML ends in a tree or an error, never in an assertion of its parser", arguments: [UInt64(1), 2])
    func randomTOML(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", "\n", " ", "\t", "#", "\"", "\"\"\"", "'", "'''", "\\",
            "a", "b", "a = ", "-", "_", "0", "1", "0x", "1e", "inf", "nan", "true", "é", "\u{1}", "\r", "\r\n", "+",
            ":",
            "1979-05-27T07:32:00Z", "07:32", "\\u00", "\u{a0}", "\u{2028}", "a=1", "\u{feff}", "a.b = [", "c={",
        ]
        var trees = 0
        for _ in 0..<Self.rounds {
            let text = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                parts[Int.random(in: parts.indices, using: &generator)]
            }
            if (try? ConfigNode(text: text.joined(), format: .toml)) != nil {
                trees += 1
            }
        }
        #expect(trees > 0)
    }

    @Test("random values of every key end in valid settings or in problems that name a key", arguments: [UInt64(7), 8])
    func randomValues(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let texts = [
            "", "0", "1", "-1", "true", "none", "9007199254740992", "9223372036854775807", "1000000000000",
            "4294967296",
            "a,b,,", "=", "a=debug", "/", "..", "\u{0}", "é", "*", "65536", "1e9", " 5", "0x10",
        ]
        for _ in 0..<300 {
            var environment: [String: String] = [:]
            for _ in 0..<4 {
                let key = KeyTable.all[Int.random(in: KeyTable.all.indices, using: &generator)]
                if let name = key.environment.first {
                    environment[name] = texts[Int.random(in: texts.indices, using: &generator)]
                }
            }
            do {
                let settings = try await SettingsLoader(environment: environment, directory: "/nonexistent").load()
                    .settings
                #expect(settings.validate().isEmpty)
            } catch {
                #expect(!error.problems.isEmpty)
            }
        }
    }
}
