import ArgumentParser

/// The command `martlet`.
@main
struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "A realtime WebSocket server that speaks the Pusher Channels protocol.",
        discussion: """
            Values come from the environment, the command line, a file and the defaults, in this order of precedence. \
            The file is config/config.toml or config/config.json in the working directory, or the one that --config \
            names. Sockudo's keys and variables are understood; 'martlet config env' lists them all.
            """,
        version: version,
        subcommands: [ServeCommand.self, AppsCommand.self, ConfigCommand.self],
        defaultSubcommand: ServeCommand.self
    )

    /// The version of this build.
    static let version = "0.1.0"
}
