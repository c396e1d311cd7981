import ArgumentParser

extension Publish.Form: ExpressibleByArgument {}

/// Measures what taking an event over HTTP costs.
struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish signed events on kept-alive connections, with no subscriber."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections.")
    var publishers = 16

    @Option(help: "Requests under way on each connection.")
    var depth = 1

    @Option(help: "Bytes of an event's data.")
    var payload = 200

    @Option(help: "What a request is: event, ten-channels, batch or fixed-reply.")
    var form = Publish.Form.event

    @Option(help: "Seconds to measure.")
    var seconds = 5.0

    func run() throws {
        try target.report {
            try Publish(publishers: publishers, depth: depth, payloadBytes: payload, seconds: seconds, form: form).run(
                $0
            )
        }
    }
}

/// Measures client events.
struct ClientEventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client-events",
        abstract: "Let the members of private channels send client events to each other."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Members.")
    var members = 1000

    @Option(help: "Channels that they are spread over.")
    var channels = 100

    @Option(help: "Bytes of an event's data.")
    var payload = 200

    @Option(help: "Events under way at a time.")
    var burst = 10

    @Option(help: "Seconds to measure.")
    var seconds = 5.0

    func run() throws {
        try target.report {
            try ClientEvents(
                members: members,
                channels: channels,
                payloadBytes: payload,
                burst: burst,
                seconds: seconds
            ).run($0)
        }
    }
}
