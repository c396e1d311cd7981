/// A server that takes part in a comparison.
enum Peer: String, CaseIterable {
    case floor
    case martlet
    case nchan

    /// Its port of 127.0.0.1.
    private var port: Int {
        switch self {
        case .floor: 7411
        case .martlet: 7412
        case .nchan: 7413
        }
    }

    /// Starts it in a folder for its files and returns it with the target that reaches it.
    func start(_ setup: PeerSetup) throws -> (process: ServerProcess, target: Target) {
        let process = try ServerProcess(
            try command(setup),
            core: setup.core,
            output: "\(setup.folder)/\(rawValue).log"
        )
        try process.waitUntilReady(port: port)
        var target = Target(name: rawValue, port: port, dialect: .plain, processes: process.all)
        if self == .martlet {
            let credentials = PusherCredentials(appID: "bench", key: "bench-key", secret: "bench-secret")
            target.dialect = .pusher(credentials)
        }
        return (process, target)
    }

    private func command(_ setup: PeerSetup) throws -> [String] {
        switch self {
        case .floor:
            return [setup.ownPath, "floor", "--port", String(port)]
        case .martlet:
            let file = "\(setup.folder)/martlet.json"
            try TextFile.write(PeerConfiguration.martlet(port: port), to: file)
            return [setup.martletPath, "serve", "--config", file]
        case .nchan:
            try TextFile.write(PeerConfiguration.nchan(port: port), to: "\(setup.folder)/nginx.conf")
            return ["/usr/sbin/nginx", "-p", setup.folder, "-c", "nginx.conf"]
        }
    }
}

/// What peers are started with.
struct PeerSetup {
    var martletPath: String
    var ownPath: String
    /// For configuration and logs; also readable to the user that nginx takes on.
    var folder: String
    /// The core of every server.
    var core: Int
}
