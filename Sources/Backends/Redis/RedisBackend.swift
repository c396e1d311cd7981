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
