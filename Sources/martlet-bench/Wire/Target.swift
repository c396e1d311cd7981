import Digest

/// The server that is measured: where it listens, how it is spoken to, and which processes it is.
struct Target {
    var name: String
    var host = "127.0.0.1"
    var port: Int
    /// Connections speak TLS; no certificate is checked.
    var isTLS = false
    /// A Unix socket that takes the place of host and port.
    var unixPath: String?
    var dialect: Dialect
    /// The processes whose CPU time and memory are read.
    var processes: [Int] = []

    /// How a client subscribes and publishes.
    enum Dialect {
        /// Pusher's protocol: subscriptions as messages, signed HTTP publishes.
        case pusher(PusherCredentials)
        /// The path names the channel: `GET /sub/<channel>` upgrades, `POST /pub/<channel>` publishes the body as it is.
        /// nchan and the floor speak it.
        case plain
    }

    var credentials: PusherCredentials? {
        if case .pusher(let credentials) = dialect { credentials } else { nil }
    }

    /// Opens a connection; `index` spreads connections over source addresses.
    func connect(index: Int) throws(BenchError) -> Int32 {
        if let unixPath { return try StreamSocket.connect(path: unixPath) }
        return try StreamSocket.connect(host: host, port: port, source: 1 + index / 20_000)
    }

    /// The request that turns a connection into a WebSocket.
    func upgradeRequest(channel: String) -> [UInt8] {
        let path =
            switch dialect {
            case .pusher(let credentials): "/app/\(credentials.key)?protocol=7&client=martlet-bench&version=1.0"
            case .plain: "/sub/\(channel)"
            }
        let lines = [
            "GET \(path) HTTP/1.1", "Host: \(host):\(port)", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}

/// An app of a Pusher server.
struct PusherCredentials {
    let appID: String
    let key: String
    let signer: HMACKey

    init(appID: String, key: String, secret: String) {
        self.appID = appID
        self.key = key
        signer = HMACKey(secret: secret)
    }
}
