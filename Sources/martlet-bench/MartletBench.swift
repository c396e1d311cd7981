import ArgumentParser

/// Measures a realtime server.
@main
struct MartletBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-bench",
        abstract: "Load generator and benchmarks for Martlet and its peers.",
        subcommands: [
            ConnectCommand.self, IdleCommand.self, FanOutCommand.self, ScatterCommand.self, PublishCommand.self,
            ClientEventsCommand.self,
            PresenceCommand.self, MixedCommand.self, IntegrityCommand.self, CompareCommand.self, MicroCommand.self,
            FloorCommand.self, ClusterCommand.self, ClusterReportCommand.self,
        ]
    )
}
