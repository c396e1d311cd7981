import Foundation
import NIOCore
import NIOPosix
import PrometheusMetrics
import PusherProtocol
import ServerCore
import Synchronization

@testable import ChannelHub

/// A hub on real event loops, with connections that keep what they are sent.
final class HubHarness: Sendable {
    let group: MultiThreadedEventLoopGroup
    let hub: ChannelHub
    let app: ActiveApp
    let sink = RecordingSink()
    let registry = PrometheusRegistry()
    let eventLoops: [any EventLoop]

    init(
        loops: Int,
        app: App = .testing(),
        configuration: HubConfiguration = HubConfiguration(),
        cluster: ClusterLink? = nil
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        eventLoops = Array(group.makeIterator())
        hub = try await ChannelHub.start(
            on: eventLoops,
            apps: ActiveApps(metricsFactory: registry, port: 6001),
            configuration: configuration,
            limits: OutboxLimits(maxFrames: 0, maxBytes: 0, disconnects: true),
            sink: sink,
            cluster: cluster
        )
        self.app = hub.apps.activate(app)
    }

    /// Runs a test's part on one loop, with its shard.
    func on<Value: Sendable>(
        _ loop: Int,
        _ body: @escaping @Sendable (HubShard) throws -> Value
    ) async throws -> Value {
        let hub = hub
        let eventLoop = eventLoops[loop]
        return try await eventLoop.submit {
            guard let shard = hub.shard(on: eventLoop) else { throw ChannelError.alreadyClosed }
            defer { shard.flush() }
            return try body(shard)
        }.get()
    }

    /// Waits until every loop has done what was handed to it.
    func settle() async throws {
        for _ in 0..<3 {
            for loop in eventLoops.indices {
                try await on(loop) { _ in }
            }
        }
    }

    func connect(_ loop: Int = 0) async throws -> HubPeer {
        let peer = HubPeer(loop: loop)
        try await on(loop) { [app] shard in peer.connect(shard, app: app) }
        return peer
    }

    func stop() async throws {
        try await hub.stop()
        try await group.shutdownGracefully()
    }
}

/// One connection of the hub: what it was sent, message by message.
final class HubPeer: HubSocket, Sendable {
    /// A message as a client reads it.
    struct Message: Equatable {
        var event: String
        var channel: String?
        var data: String
    }

    let loop: Int
    private let bytes = Mutex(ByteBuffer())
    private let closes = Mutex<[UInt16]>([])
    // Touched on its loop only.
    private let bound = Mutex<NIOLoopBound<Subscriber>?>(nil)

    init(loop: Int) {
        self.loop = loop
    }

    var subscriber: Subscriber? { bound.withLock { $0 }?.value }

    /// The codes with which the hub wanted the connection closed.
    var closeCodes: [UInt16] { closes.withLock { $0 } }

    func tick() {}

    func connect(_ shard: HubShard, app: ActiveApp) {
        let opened = shard.eventLoop.makeSucceededVoidFuture()
        let subscriber = shard.connect(self, app: app, descriptor: -1, after: opened)
        bound.withLock { $0 = NIOLoopBound(subscriber, eventLoop: shard.eventLoop) }
    }

    func disconnect(_ shard: HubShard) {
        guard let subscriber else { return }
        shard.disconnect(subscriber)
        bound.withLock { $0 = nil }
    }

    func subscribe(_ shard: HubShard, to name: String, user: String? = nil) throws {
        guard let subscriber else { return }
        let member = user.map { PresenceMember(userID: $0, userInfo: nil) }
        let kind = ChannelKind(name: name)
        let policies = subscriber.app.current
        try shard.subscribe(subscriber, to: name, kind: kind, member: member, policies: policies)
    }

    func unsubscribe(_ shard: HubShard, from name: String) {
        guard let subscriber else { return }
        shard.unsubscribe(subscriber, from: name)
    }

    func signIn(_ shard: HubShard, as user: String, watching: [String]) {
        guard let subscriber else { return }
        shard.signIn(subscriber, as: user, watchlist: watching)
    }

    /// What the peer was sent so far.
    var messages: [Message] {
        var rest = bytes.withLock { $0 }
        var messages: [Message] = []
        while let message = Self.read(&rest) {
            messages.append(message)
        }
        return messages
    }

    private static func read(_ frames: inout ByteBuffer) -> Message? {
        guard frames.readInteger(as: UInt8.self) == 0x81, let short = frames.readInteger(as: UInt8.self) else {
            return nil
        }
        let count = short == 126 ? frames.readInteger(as: UInt16.self).map { Int($0) } : Int(short)
        guard let count, let payload = frames.readBytes(length: count),
            let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
            let event = object["event"] as? String
        else { return nil }
        return Message(event: event, channel: object["channel"] as? String, data: object["data"] as? String ?? "")
    }

    func writeThroughChannel(_ written: ByteBuffer, promise: EventLoopPromise<Void>) {
        bytes.withLock { bytes in _ = bytes.writeImmutableBuffer(written) }
        promise.succeed()
    }

    func didDrop(frames: Int) {}

    func closeSlowConsumer() {}

    func close(code: UInt16, reason: String) {
        closes.withLock { $0.append(code) }
    }
}
