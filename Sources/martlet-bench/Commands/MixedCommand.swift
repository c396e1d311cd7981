import ArgumentParser

/// Measures everything at once.
struct MixedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixed",
        abstract: "Fan out, relay client events and announce members at the same time, beside readers that stopped."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Subscribers of the fan-out.")
    var subscribers = 1000

    @Option(help: "Of them, those that do not read.")
    var slow = 10

    @Option(help: "Rounds a second.")
    var rate = 20.0

    @Option(help: "Seconds to run.")
    var seconds = 60.0

    func run() throws {
        try target.report {
            try Mixed(subscribers: subscribers, slowReaders: slow, rate: rate, seconds: seconds).run($0)
        }
    }
}
