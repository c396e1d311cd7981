import Foundation

/// A master, a replica, and three sentinels that watch them under the name `mymaster`.
package struct RedisSentinelGroup: Sendable {
    package let servers: [RedisServer]
    package let sentinels: [RedisServer]

    /// Starts all five and returns once the sentinels know everybody.
    ///
    /// `sentinelPassword` is asked of whoever talks to the sentinels.
    package static func start(sentinelPassword: String? = nil) async throws -> RedisSentinelGroup {
        let master = try await RedisServer.start(options: ["--repl-diskless-sync-delay", "0"])
        let replica = try await RedisServer.start(options: [
            "--replicaof", "127.0.0.1", "\(master.port)", "--repl-diskless-sync-delay", "0",
        ])
        try await Eventually.holds("the replica has its master's data", within: .seconds(20)) {
            replica.tryControl("INFO", "replication")?.contains("master_link_status:up") ?? false
        }
        var sentinels: [RedisServer] = []
        for _ in 0..<3 {
            sentinels.append(try await startSentinel(of: master, password: sentinelPassword))
        }
        let group = RedisSentinelGroup(servers: [master, replica], sentinels: sentinels)
        try await Eventually.holds("the sentinels know the replica and each other", within: .seconds(30)) {
            group.sentinels.allSatisfy { sentinel in
                let words = sentinel.tryControl("SENTINEL", "MASTER", "mymaster")?.split(separator: "\n") ?? []
                return value(of: "num-slaves", in: words) == "1" && value(of: "num-other-sentinels", in: words) == "2"
                    && value(of: "flags", in: words) == "master"
            }
        }
        return group
    }

    /// Ends all processes.
    package func stop() async {
        for server in sentinels + servers {
            await server.kill()
        }
    }

    private static func startSentinel(of master: RedisServer, password: String?) async throws -> RedisServer {
        let port = FreePort.next()
        let folder = try ServiceFolder.make("sentinel-configuration")
        let file = folder.appending(path: "sentinel.conf")
        let lines = [
            "sentinel monitor mymaster 127.0.0.1 \(master.port) 2",
            "sentinel down-after-milliseconds mymaster 600",
            "sentinel failover-timeout mymaster 3000",
        ]
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        return try await RedisServer.startSentinel(file: file, port: port, password: password)
    }

    private static func value(of name: String, in words: [Substring]) -> Substring? {
        words.firstIndex { $0 == name }.flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
    }
}
