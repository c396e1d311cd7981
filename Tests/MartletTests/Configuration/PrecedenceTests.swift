import Server
import ServerCore
import Testing

@testable import martlet

/// Which source wins.
@Suite
struct PrecedenceTests {
    private let file = #"{"port":1,"websocket":{"max_messages":5}}"#

    @Test("the environment wins over the command line, that over the file, that over the default")
    func order() async throws {
        let all = try await load(["PORT": "3"], set: ["port=2"], file: file)
        #expect(all.settings.server.listener.port == 3)
        #expect(all.origins["port"] == "environment variable PORT")

        let two = try await load(set: ["port=2"], file: file)
        #expect(two.settings.server.listener.port == 2)
        #expect(two.origins["port"] == "command line --set port")

        let one = try await load(file: file)
        #expect(one.settings.server.listener.port == 1)
        #expect(one.settings.server.webSocket.maxPendingMessages == 5)
        #expect(one.origins["port"] == "file config/config.json")

        let none = try await load()
        #expect(none.settings == Settings())
        #expect(none.origins["port"] == nil)
    }

    @Test("a named option wins over --set")
    func namedOption() async throws {
        let loaded = try await load(set: ["port=2"], port: "4")
        #expect(loaded.settings.server.listener.port == 4)
        #expect(loaded.origins["port"] == "command line --port")
    }

    @Test("an empty variable counts as not set")
    func emptyVariable() async throws {
        #expect(try await load(["PORT": ""], set: ["port=2"]).settings.server.listener.port == 2)
    }

    @Test("of a key's variables the first that is set wins")
    func aliases() async throws {
        let sockudo = try await load(["SOCKUDO_MAX_CONNECTIONS": "7"])
        #expect(sockudo.settings.server.connection.maxConnections == 7)
        let both = try await load(["SOCKUDO_MAX_CONNECTIONS": "7", "MARTLET_MAX_CONNECTIONS": "8"])
        #expect(both.settings.server.connection.maxConnections == 8)
    }

    @Test("one variable can set two keys")
    func sharedVariable() async throws {
        let settings = try await load(["CACHE_TTL_SECONDS": "9"]).settings
        #expect(settings.memoryCache.ttl == .seconds(9))
        #expect(settings.appManager.cacheTTL == .seconds(9))
    }

    @Test("a named file takes the place of the ones in config")
    func namedFile() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(#"{"port":1,"host":"::1"}"#, to: "config/config.json")
        let path = try directory.write(#"{"port":2}"#, to: "other.json")
        for name in [path, "other.json"] {
            let loader = SettingsLoader(
                environment: [:],
                commandLine: CommandLineSettings(configPath: name),
                directory: directory.path
            )
            let settings = try await loader.load().settings
            #expect(settings.server.listener.port == 2)
            #expect(settings.server.listener.host == "0.0.0.0")
        }
    }

    @Test("a named file that is missing or broken stops the start")
    func brokenNamedFile() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("{", to: "broken.json")
        for name in ["missing.json", "broken.json", "."] {
            let loader = SettingsLoader(
                environment: [:],
                commandLine: CommandLineSettings(configPath: name),
                directory: directory.path
            )
            let error = await #expect(throws: SettingsError.self) { try await loader.load() }
            #expect(error?.problems.count == 1)
            #expect(error?.problems[0].hasPrefix("file \(name): ") == true)
        }
    }

    @Test("TOML wins where both files exist, and the other is told of")
    func bothFiles() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(#"{"port":1}"#, to: "config/config.json")
        try directory.write("port = 2", to: "config/config.toml")
        let loaded = try await SettingsLoader(environment: [:], directory: directory.path).load()
        #expect(loaded.settings.server.listener.port == 2)
        #expect(loaded.warnings.contains { $0.contains("config/config.json") })
    }
}
