import ArgumentParser

/// The options that name the server that is measured.
struct TargetOptions: ParsableArguments {
    @Option(help: "ws:// or wss://HOST:PORT/app/KEY for a Pusher server, ws://HOST:PORT/sub for nchan or the floor.")
    var url = "ws://127.0.0.1:6001/app/bench-key"

    @Option(help: "The app's id, for HTTP publishes.")
    var appID = "bench"

    @Option(help: "The app's secret, for signatures.")
    var secret = "bench-secret"

    @Option(help: "Connect to this Unix socket instead of the URL's host and port.")
    var unix: String?

    @Option(help: "A process of the server, whose CPU time and memory are read; may be repeated.")
    var pid: [Int] = []

    @Option(help: "The core that the load runs on.")
    var cpu: Int?

    @Option(help: "Write the result as JSON to this file.")
    var json: String?

    /// The server.
    func target() throws -> Target {
        let isTLS = url.hasPrefix("wss://")
        let rest = url.dropFirst(isTLS ? 6 : 5)
        guard isTLS || url.hasPrefix("ws://"), let slash = rest.firstIndex(of: "/") else {
            throw ValidationError("--url must look like ws://127.0.0.1:6001/app/KEY")
        }
        let place = rest[..<slash].split(separator: ":")
        guard place.count == 2, let port = Int(place[1]) else { throw ValidationError("--url needs a port") }
        let path = url[slash...].split(separator: "/")
        let isPusher = path.first == "app" && path.count == 2
        return Target(
            name: isPusher ? "pusher" : "plain",
            host: String(place[0]),
            port: port,
            isTLS: isTLS,
            unixPath: unix,
            dialect: isPusher
                ? .pusher(PusherCredentials(appID: appID, key: String(path[1]), secret: secret)) : .plain,
            processes: pid
        )
    }

    /// Pins the load, runs a scenario, shows and writes its result.
    func report(_ scenario: (Target) throws -> RunResult) throws {
        if let cpu { try Affinity.pin(toCore: cpu) }
        let result = try scenario(try target())
        print(ResultTable.text(result))
        if let json { try TextFile.write(try ResultFile.encode([result]), to: json) }
    }
}
