package import CoreMetrics
package import Logging
import NIOPosix
package import ServerCore
import Synchronization

/// Everything that Redis does for the server; roles with the same configuration share one client.
///
/// All connections live on the process's own event loops.
package final class RedisBackend: Sendable {
    private let clients = Mutex<[RedisConfiguration: any RedisClient]>([:])

    /// Makes a backend without a connection.
    package init() {}

    /// Makes the directory of a cluster's nodes and checks that it can be reached.
    package func clusterDirectory(
        _ configuration: RedisConfiguration,
        options: RedisDirectoryOptions
    ) async throws(BackendError) -> RedisClusterDirectory {
        let directory = RedisClusterDirectory(client: try client(configuration), options: options)
        try await directory.checkHealth()
        return directory
    }

    /// Makes the cache of a deployment and checks that it can be reached.
    package func cacheStore(
        _ configuration: RedisConfiguration,
        prefix: String
    ) async throws(BackendError)
        -> RedisCacheStore
    {
        let store = RedisCacheStore(client: try client(configuration), prefix: prefix)
        try await store.checkHealth()
        return store
    }

    /// Makes the rate limiter of a deployment and checks that it can be reached.
    package func rateLimiter(
        _ configuration: RedisConfiguration,
        prefix: String
    ) async throws(BackendError)
        -> RedisRateLimiter
    {
        let limiter = RedisRateLimiter(client: try client(configuration), prefix: prefix)
        try await limiter.checkHealth()
        return limiter
    }

    /// Makes the job queue of a deployment and checks that it can be reached.
    package func jobQueue(
        _ configuration: RedisConfiguration,
        queue: RedisJobQueueConfiguration
    ) async throws(BackendError) -> RedisJobQueue {
        let queue = RedisJobQueue(client: try client(configuration), configuration: queue)
        try await queue.checkHealth()
        return queue
    }

    /// Makes the transport of a node, and checks that messages can be published as they will be.
    package func clusterTransport(
        _ configuration: RedisConfiguration,
        options: RedisTransportOptions,
        observing observation: RedisTransportObservation
    ) async throws(BackendError) -> RedisClusterTransport {
        let client = try client(configuration)
        let shape = try await shape(of: client, options: options)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let dial = try backend { () throws(RedisError) in try configuration.dial(on: loop) }
        let environment = TransportEnvironment(
            loop: loop,
            shape: shape,
            options: options,
            commandTimeout: configuration.commandTimeout,
            meters: TransportMeters(driver: observation.driver, metrics: observation.metrics),
            logger: observation.logger,
            dial: dial
        )
        do {
            return try await RedisClusterTransport(environment)
        } catch {
            throw BackendError(.unavailable, "redis: no event loop for the transport", underlying: error)
        }
    }

    /// Publishes something that nobody hears, sharded where that is wanted and possible.
    private func shape(
        of client: any RedisClient,
        options: RedisTransportOptions
    ) async throws(BackendError) -> TransportRoutes.Shape {
        let name = "\(options.prefix)m:{health}"
        guard let cluster = client as? RedisClusterClient else {
            guard options.shardedPubSub != .always else {
                throw BackendError(.rejected, "redis: only a cluster has sharded pub/sub")
            }
            try await publish("PUBLISH", name, by: client)
            return .single
        }
        if options.shardedPubSub != .never {
            do throws(BackendError) {
                try await publish("SPUBLISH", name, by: client)
                return .cluster(cluster, isSharded: true)
            } catch {
                guard options.shardedPubSub == .automatic, error.message.contains("unknown command") else {
                    throw error
                }
            }
        }
        try await publish("PUBLISH", name, by: client)
        return .cluster(cluster, isSharded: false)
    }

    private func publish(_ verb: String, _ name: String, by client: any RedisClient) async throws(BackendError) {
        try await backend { () throws(RedisError) in
            _ = try await client.run(RedisCommand(verb, name, "", key: name, isRepeatable: true), patience: .zero)
        }
    }

    private func client(_ configuration: RedisConfiguration) throws(BackendError) -> any RedisClient {
        try backend { () throws(RedisError) in
            try clients.withLock { (clients: inout [RedisConfiguration: any RedisClient]) throws(RedisError) in
                if let client = clients[configuration] { return client }
                let client = try configuration.makeClient(on: MultiThreadedEventLoopGroup.singleton)
                clients[configuration] = client
                return client
            }
        }
    }
}

/// Where a transport counts and logs.
package struct RedisTransportObservation: Sendable {
    /// The name of the driver in metrics.
    package var driver: String
    package var metrics: any MetricsFactory
    package var logger: Logger

    /// Names the places.
    package init(driver: String, metrics: any MetricsFactory, logger: Logger) {
        self.driver = driver
        self.metrics = metrics
        self.logger = logger
    }
}
