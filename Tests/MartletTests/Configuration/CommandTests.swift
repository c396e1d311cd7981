import ArgumentParser
import Logging
import Testing

@testable import martlet

/// The command line.
@Suite
struct CommandTests {
    @Test("the options of a command reach the configuration")
    func options() throws {
        let command = try Martlet.parseAsRoot([
            "config", "check", "--config", "a.toml", "--set", "a=b", "--set", "c=d", "--host", "::1", "--port", "9",
            "--debug",
        ])
        let check = try #require(command as? ConfigCommand.Check)
        #expect(
            check.options.commandLine
                == CommandLineSettings(
                    configPath: "a.toml",
                    assignments: ["a=b", "c=d"],
                    host: "::1",
                    port: "9",
                    isDebug: true
                )
        )
    }

    @Test("every key is in the table, with its variables")
    func table() {
        let lines = ConfigurationReport.keyTable(withPurpose: false).alignedLines
        #expect(lines.count == KeyTable.all.count + 1)
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
        let token = lines.first { $0.hasPrefix("http_api.stats_token ") }
        #expect(token?.contains("MARTLET_HTTP_API_STATS_TOKEN, MARTLET_HTTP_API_STATS_TOKEN_FILE") == true)
    }

    @Test("a bar in a Markdown cell is escaped")
    func markdown() {
        let table = TextTable(header: ["A", "B"], rows: [["x | y", ""]])
        #expect(table.markdownLines == ["| A | B |", "| --- | --- |", "| x \\| y |  |"])
    }

    @Test("debug mode lowers every level to debug and raises none")
    func levels() {
        var logging = LoggingSettings()
        logging.areas = ["hub": .trace, "http": .error]
        #expect(logging.level(of: "http", isDebug: false) == .error)
        #expect(logging.level(of: "http", isDebug: true) == .debug)
        #expect(logging.level(of: "hub", isDebug: true) == .trace)
        #expect(logging.level(of: "other", isDebug: false) == .info)
    }
}
