import ArgumentParser

/// The command `martlet config`, a group.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check, print or list the configuration.",
        subcommands: [Check.self, Print.self, Env.self]
    )

    /// The command `martlet config check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the configuration and tell what is wrong with it.",
            discussion: "Ends with status 0 if the server would start with it, and with 1 if not."
        )

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let loaded = try await options.load()
            print(ConfigurationReport.checkLines(of: loaded).joined(separator: "\n"))
        }
    }

    /// The command `martlet config print`.
    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every key with its value and where the value comes from; secrets are hidden."
        )

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let loaded = try await options.load()
            print(ConfigurationReport.printLines(of: loaded).joined(separator: "\n"))
        }
    }

    /// The command `martlet config env`.
    struct Env: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every key with its environment variables, kind and default."
        )

        @Flag(help: "Print a Markdown table, with the purpose of each key.")
        var markdown = false

        func run() {
            let table = ConfigurationReport.keyTable(withPurpose: markdown)
            print((markdown ? table.markdownLines : table.alignedLines).joined(separator: "\n"))
        }
    }
}
