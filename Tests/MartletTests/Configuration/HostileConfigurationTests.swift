import TestSupport
import Testing

@testable import martlet

/// Random and damaged configuration.
@Suite
struct HostileConfigurationTests {
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
            for _ in 0..<5_000 {
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

    @Test("random values of every key end in valid settings or in problems that name a key", arguments: [UInt64(7), 8])
    func randomValues(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let texts = [
            "", "0", "1", "-1", "true", "none", "9007199254740992", "9223372036854775807", "1000000000000",
            "4294967296",
            "a,b,,", "=", "a=debug", "/", "..", "\u{0}", "é", "*", "65536", "1e9", " 5", "0x10",
        ]
        for _ in 0..<2_000 {
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
