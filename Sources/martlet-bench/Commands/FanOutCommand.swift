import ArgumentParser

/// Measures the delivery of events to many subscribers.
struct FanOutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "Deliver events to N subscribers of one channel, or of several."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections, spread evenly over the channels.")
    var subscribers = 1000

    @Option(help: "Channels.")
    var channels = 1

    @Option(help: "Events that are published in one write.")
    var burst = 1

    @Option(help: "Bytes of an event's data.")
    var payload = 200

    @Option(help: "Seconds to measure.")
    var seconds = 5.0

    @Option(help: "Bursts a second; without it a burst follows when the one before has arrived.")
    var rate: Double?

    @Option(help: "Subscribers that do not read.")
    var slow = 0

    @Flag(help: "Publish as client events from a connection instead of over HTTP.")
    var clientEvents = false

    @Flag(help: "Sleep where nothing is there to read; each send(2) of the server then pays for waking the client.")
    var sleeps = false

    func run() throws {
        var scenario = FanOut()
        scenario.subscribers = subscribers
        scenario.channels = channels
        scenario.burst = burst
        scenario.payloadBytes = payload
        scenario.seconds = seconds
        scenario.rate = rate
        scenario.slowReaders = slow
        scenario.publishesByClientEvent = clientEvents
        scenario.spins = !sleeps
        try target.report { try scenario.run($0) }
    }
}

/// Measures how long one event takes to leave the server.
struct ScatterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scatter",
        abstract: "Send events to N subscribers while the load sleeps; shows what more event loops give."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections.")
    var subscribers = 10_000

    @Option(help: "Bytes of an event's data.")
    var payload = 200

    @Option(help: "Events, one after another.")
    var rounds = 20

    func run() throws {
        try target.report { try Scatter(subscribers: subscribers, payloadBytes: payload, rounds: rounds).run($0) }
    }
}
