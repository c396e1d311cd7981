import ArgumentParser

extension SubscriptionPlan.Kind: ExpressibleByArgument {
    init?(argument: String) {
        switch argument {
        case "public": self = .plain
        case "private": self = .isPrivate
        case "presence": self = .presence
        default: return nil
        }
    }

    static var allValueStrings: [String] { ["public", "private", "presence"] }
}

/// Measures how fast connections are taken.
struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Open connections and subscribe each, as fast as the server takes them."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections to open.")
    var connections = 5000

    @Option(help: "Connections on their way at a time.")
    var window = 128

    @Option(help: "Channels that they are spread over.")
    var channels = 100

    @Option(help: "The kind of channel: public, private or presence.")
    var kind = SubscriptionPlan.Kind.plain

    func run() throws {
        try target.report {
            try Connect(connections: connections, window: window, kind: kind, channels: channels).run($0)
        }
    }
}

/// Measures the memory of connections.
struct IdleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Hold subscribed connections and read the server's resident memory for each."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Connections to hold.")
    var connections = 10_000

    @Option(help: "Channels that they are spread over.")
    var channels = 100

    @Option(help: "The kind of channel: public, private or presence.")
    var kind = SubscriptionPlan.Kind.plain

    @Option(help: "Seconds to hold them before the memory is read.")
    var seconds = 2.0

    func run() throws {
        try target.report {
            try Idle(connections: connections, channels: channels, kind: kind, settleSeconds: seconds).run($0)
        }
    }
}

/// Measures members who come and go.
struct PresenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "presence",
        abstract: "Let members of presence channels leave and join while the others watch."
    )

    @OptionGroup var target: TargetOptions

    @Option(help: "Members who stay.")
    var members = 1000

    @Option(help: "Channels that they are spread over.")
    var channels = 10

    @Option(help: "Connections that come and go.")
    var churning = 50

    @Option(help: "Seconds to measure.")
    var seconds = 5.0

    func run() throws {
        try target.report {
            try PresenceChurn(members: members, channels: channels, churning: churning, seconds: seconds).run($0)
        }
    }
}
