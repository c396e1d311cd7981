import ArgumentParser

/// Checks that every frame arrives intact and in order.
struct IntegrityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrity",
        abstract: "Check every frame of every subscriber, with slow readers and resets, at a fixed rate.",
        discussion: """
            The server's app must take events of 100 KB, and the budget of a connection must hold what a slow reader \
            leaves for a third of a second.
            """
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections.")
    var subscribers = 200

    @Option(help: "Of them, those that read in short spells.")
    var slow = 20

    @Option(help: "Of them, those that are reset and opened again.")
    var resetting = 20

    @Option(help: "Bursts a second.")
    var rate = 50.0

    @Option(help: "Events in a burst.")
    var burst = 4

    @Option(help: "Seconds to run.")
    var seconds = 10.0

    func run() throws {
        try target.report {
            try Integrity(
                subscribers: subscribers,
                slow: slow,
                resetting: resetting,
                rate: rate,
                burst: burst,
                seconds: seconds
            ).run($0)
        }
    }
}
