import CoreMetrics
import Logging
import NIOPosix
import RedisBackend
import ServerCore
import TestSupport

/// The Redis deployments over which suites run.
enum RedisBackends {
    /// Whether the suites run over them here.
    static var run: Bool { ServiceProgram.redisServer.runsTests }

    /// A client of the shared server.
    static func single() async throws -> any RedisClient {
        let server = try await RedisServer.shared.get()
        return try client(.standalone(RedisAddress(host: "127.0.0.1", port: server.port)))
    }

    /// A client of the shared cluster.
    static func cluster() async throws -> any RedisClient {
        let cluster = try await RedisCluster.shared.get()
        return try client(.cluster(cluster.nodes.map { RedisAddress(host: "127.0.0.1", port: $0.port) }))
    }

    /// The deployments of their own kinds.
    enum Deployment {
        case single
        case cluster
    }

    /// A transport of a node, with connections of its own.
    static func clusterTransport(
        _ deployment: Deployment,
        _ options: RedisTransportOptions
    ) async throws -> RedisClusterTransport {
        let topology: RedisConfiguration.Topology
        switch deployment {
        case .single:
            let server = try await RedisServer.shared.get()
            topology = .standalone(RedisAddress(host: "127.0.0.1", port: server.port))
        case .cluster:
            let cluster = try await RedisCluster.shared.get()
            topology = .cluster(cluster.nodes.map { RedisAddress(host: "127.0.0.1", port: $0.port) })
        }
        return try await RedisBackend().clusterTransport(
            RedisConfiguration(topology),
            options: options,
            observing: RedisTransportObservation(
                driver: "test",
                metrics: NOOPMetricsHandler.instance,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
    }

    /// An empty queue whose leases last five seconds.
    static func jobQueue(_ client: any RedisClient) -> RedisJobQueue {
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = prefix()
        configuration.lease = .seconds(5)
        return RedisJobQueue(client: client, configuration: configuration)
    }

    /// A prefix of keys that no other test has.
    static func prefix() -> String {
        "martlet_test_\(UInt64.random(in: 0 ... .max))"
    }

    /// Waits until so much time has passed for Redis too, whose clock no test can set.
    static func pass(_ duration: Duration) async throws {
        try await Task.sleep(for: duration + .milliseconds(20))
    }

    private static func client(_ topology: RedisConfiguration.Topology) throws -> any RedisClient {
        try RedisConfiguration(topology).makeClient(on: MultiThreadedEventLoopGroup.singleton)
    }
}
