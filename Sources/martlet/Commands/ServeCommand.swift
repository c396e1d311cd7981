import ArgumentParser

/// The command `martlet serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server until it is told to stop.",
        discussion: """
            SIGTERM and SIGINT drain: health turns DRAINING, sockets are closed in batches, webhooks are delivered. \
            A second signal ends the process at once. SIGHUP reads the TLS certificate again.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let loaded = try await options.load()
        try await ServiceOrder(loaded).run()
    }
}
