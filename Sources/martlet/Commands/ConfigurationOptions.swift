import ArgumentParser
import FoundationEssentials

/// The options of every command that reads the configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp(
            "Read this file instead of the ones in config/; TOML if it ends in .toml, else JSON.",
            valueName: "path"
        )
    )
    var configPath: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Set one key, such as websocket.max_messages=500. Can be repeated.", valueName: "key=value")
    )
    var assignments: [String] = []

    @Option(help: "The address to listen on (key host).")
    var host: String?

    @Option(help: "The port to listen on (key port).")
    var port: String?

    @Flag(help: "Trace the life of connections and channels (key debug).")
    var debug = false

    /// What the options say about the configuration.
    var commandLine: CommandLineSettings {
        CommandLineSettings(
            configPath: configPath,
            assignments: assignments,
            host: host,
            port: port,
            isDebug: debug
        )
    }

    /// Reads the configuration of this process; on problems prints them and ends with status 1.
    func load() async throws -> LoadedSettings {
        let loader = SettingsLoader(
            environment: ProcessInfo.processInfo.environment,
            commandLine: commandLine
        )
        do throws(SettingsError) {
            return try await loader.load()
        } catch {
            var output = StandardError()
            print(ConfigurationReport.lines(of: error).joined(separator: "\n"), to: &output)
            throw ExitCode.failure
        }
    }
}
