import ArgumentParser

/// Serves as the floor that other servers are compared with.
struct FloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Serve as the floor: a bare epoll and send(2) loop to measure beside a real server.",
        discussion: "Clients subscribe with ws://127.0.0.1:PORT/sub/CHANNEL; POST /pub/CHANNEL publishes."
    )

    @Option(help: "The port of 127.0.0.1 to listen on.")
    var port = 7001

    @Option(help: "The core to run on.")
    var cpu: Int?

    func run() throws {
        if let cpu { try Affinity.pin(toCore: cpu) }
        try FloorServer(port: port).run()
    }
}
