package import ChannelHub
import CoreMetrics
import Logging
import NIOCore
package import ServerCore

/// What all connections of a server share.
///
/// Threading: safe from any thread, except for the loops' services.
final class ServerServices: Sendable {
    let configuration: ServerConfiguration
    let hub: ChannelHub
    let apps: AppResolver
    let state: ServerState
    let metrics: ServerMetrics
    let logger: Logger
    let backends: ServerBackends
    let health: HealthCheck
    private let loops: [NIOLoopBound<LoopServices>]

    init(
        configuration: ServerConfiguration,
        hub: ChannelHub,
        backends: ServerBackends,
        metrics: ServerMetrics,
        logger: Logger,
        loops: [NIOLoopBound<LoopServices>]
    ) {
        self.configuration = configuration
        self.hub = hub
        self.backends = backends
        self.metrics = metrics
        self.logger = logger
        self.loops = loops
        apps = AppResolver(manager: backends.apps, active: hub.apps)
        state = ServerState(maxConnections: configuration.connection.maxConnections)
        health = HealthCheck(backends: backends, hub: hub, timeout: configuration.healthCheckTimeout)
    }

    /// Calls and connects are counted against their addresses.
    var isLimiting: Bool { configuration.rateLimiter.isEnabled && backends.rateLimiter != nil }

    /// The services of the event loop that the caller runs on.
    func loop(of eventLoop: any EventLoop) -> LoopServices {
        for loop in loops where loop.eventLoop === eventLoop {
            return loop.value
        }
        preconditionFailure("a channel on an event loop without a shard")
    }

    /// The event loops with a shard.
    var eventLoops: [any EventLoop] { loops.map(\.eventLoop) }
}

/// The backends that a server uses, chosen by the configuration.
package struct ServerBackends: Sendable {
    package var apps: CachedAppManager
    package var cache: any CacheStore
    /// `nil` allows everything.
    package var rateLimiter: (any RateLimiter)?
    package var webhookQueue: any JobQueue
    /// The way to other nodes; `nil` where this one is alone.
    package var cluster: ClusterLink?

    /// Names the backends.
    package init(
        apps: CachedAppManager,
        cache: any CacheStore,
        rateLimiter: (any RateLimiter)?,
        webhookQueue: any JobQueue,
        cluster: ClusterLink? = nil
    ) {
        self.cluster = cluster
        self.apps = apps
        self.cache = cache
        self.rateLimiter = rateLimiter
        self.webhookQueue = webhookQueue
    }
}
