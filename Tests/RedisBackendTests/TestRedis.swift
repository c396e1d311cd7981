import NIOPosix
import TestSupport

@testable import RedisBackend

/// Clients for the servers that tests start.
enum TestRedis {
    /// A client of one server.
    static func client(
        port: Int,
        _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) throws -> any RedisClient {
        try client(.standalone(RedisAddress(host: "127.0.0.1", port: port)), change)
    }

    /// A client of a cluster that is told of two of its nodes.
    static func client(
        of cluster: RedisCluster,
        _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) throws -> any RedisClient {
        try client(.cluster(cluster.nodes.suffix(2).map { RedisAddress(host: "127.0.0.1", port: $0.port) }), change)
    }

    /// A client of any deployment.
    static func client(
        _ topology: RedisConfiguration.Topology,
        _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) throws -> any RedisClient {
        var configuration = RedisConfiguration(topology)
        change(&configuration)
        return try configuration.makeClient(on: MultiThreadedEventLoopGroup.singleton)
    }

    /// A prefix of keys that no other test has.
    static func prefix() -> String {
        "martlet_test_\(UInt64.random(in: 0 ... .max))"
    }
}

extension RedisClient {
    /// Runs a command on a key.
    func run(_ words: String..., key: String, patience: Duration = .seconds(5)) async throws(RedisError) -> RESPValue {
        try await run(RedisCommand(words: words.map { Array($0.utf8) }, key: Array(key.utf8)), patience: patience)
    }
}
