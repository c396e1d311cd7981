import ChannelHub
import CoreMetrics
import NIOCore
import NIOPosix
import PusherProtocol
import ServerCore

/// A hub with one loop and a channel that many are in: what it costs one more to come and go.
///
/// The sockets are not real; what the hub hands them is taken and dropped.
struct CrowdedChannel {
    var members = 10_000
    var batches = 9

    /// Runs both kinds of channel and returns their names and results.
    func run() async throws -> [(name: String, result: MicroBenchmark.Result)] {
        [
            ("subscribe and unsubscribe beside \(members)", try await run("crowd")),
            ("the same, another connection of a user, with the presence list", try await run("presence-crowd")),
        ]
    }

    private func run(_ channel: String) async throws -> MicroBenchmark.Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let hub = try await ChannelHub.start(
            on: [eventLoop],
            apps: ActiveApps(metricsFactory: NOOPMetricsHandler.instance, port: 0),
            configuration: HubConfiguration(),
            limits: OutboxLimits(maxFrames: 0, maxBytes: 0, disconnects: true),
            sink: NoWebhooks()
        )
        var app = App(id: "bench", key: "bench-key", secret: "bench-secret")
        app.limits.maxPresenceMembersPerChannel = members + 1
        let active = hub.apps.activate(app)
        let (members, batches) = (members, batches)
        let result = try await eventLoop.submit {
            guard let shard = hub.shard(on: eventLoop) else { throw BenchError("the loop has no shard") }
            return try Self.measure(shard, active, channel, members: members, batches: batches)
        }.get()
        try await hub.stop()
        try await group.shutdownGracefully()
        return result
    }

    /// Call on the shard's loop.
    private static func measure(
        _ shard: HubShard,
        _ app: ActiveApp,
        _ channel: String,
        members: Int,
        batches: Int
    ) throws -> MicroBenchmark.Result {
        let kind = ChannelKind(name: channel)
        let policies = app.current
        let sockets = (0...members).map { _ in IdleSocket() }
        let subscribers = sockets.map { shard.connect($0, app: app, descriptor: -1, after: nil) }
        func member(_ index: Int) -> PresenceMember? {
            kind.isPresence ? PresenceMember(userID: "user-\(index)", userInfo: nil) : nil
        }
        for (index, subscriber) in subscribers.dropLast().enumerated() {
            try shard.subscribe(subscriber, to: channel, kind: kind, member: member(index), policies: policies)
            shard.flush()
        }
        let last = subscribers[members]
        let guest = member(0)
        let benchmark = MicroBenchmark(name: channel) {
            try shard.subscribe(last, to: channel, kind: kind, member: guest, policies: policies)
            shard.flush()
            _ = shard.unsubscribe(last, from: channel)
        }
        return try withExtendedLifetime(sockets) { try benchmark.run(batches: batches) }
    }
}

/// A connection that takes everything at once and wants nothing.
private final class IdleSocket: HubSocket {
    func writeThroughChannel(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>) { promise.succeed() }
    func didDrop(frames: Int) {}
    func closeSlowConsumer() {}
    func tick() {}
    func close(code: UInt16, reason: String) {}
}

/// Nobody is told anything.
private struct NoWebhooks: WebhookSink {
    func emit(_ event: WebhookEvent) {}

    func emit(_ event: WebhookEvent, whenQueued: @escaping @Sendable () -> Void) -> Bool { false }
}
