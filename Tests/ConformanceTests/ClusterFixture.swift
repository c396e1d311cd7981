import MemoryBackend
import NIOCore
import RedisBackend
import ServerCore
import Synchronization
import TestSupport

/// A directory of a cluster with all that a test needs around it.
struct ClusterFixture: Sendable {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case redis
        case redisCluster
        case redisClusterWithoutShards

        /// Those whose services are here, or must be.
        static var allCases: [Self] {
            RedisBackends.run ? [.memory, .redis, .redisCluster, .redisClusterWithoutShards] : [.memory]
        }

        /// Makes an empty directory.
        func make() async throws -> ClusterFixture {
            switch self {
            case .memory: ClusterFixture()
            case .redis: try await ClusterFixture(server: RedisServer.shared.get())
            case .redisCluster: try await ClusterFixture(cluster: RedisCluster.shared.get(), isSharded: true)
            case .redisClusterWithoutShards:
                try await ClusterFixture(cluster: RedisCluster.shared.get(), isSharded: false)
            }
        }
    }

    let directory: any ClusterDirectory
    /// Lets time pass.
    let pass: @Sendable (Duration) async throws -> Void
    /// Begins to listen to a topic; what it returns takes out the messages that came since, as they were sent.
    let listen: @Sendable (ClusterTopic) throws -> @Sendable () async throws -> [ByteBuffer]
    /// Makes the transport of a node.
    let transport: @Sendable () async throws -> any ClusterTransport
    /// Whether anything of a topic is left besides tombstones and what it keeps.
    let hasState: @Sendable (ClusterTopic) async throws -> Bool
    /// A name of an app that no other test has.
    let appID = "app-\(UInt64.random(in: 0 ... .max))"

    /// A topic of the app.
    func topic(_ name: String = "presence-room", _ kind: ClusterTopic.Kind = .channel) -> ClusterTopic {
        ClusterTopic(kind, appID: appID, name: name)
    }

    private init() {
        let clock = ManualClock()
        let cluster = MemoryCluster(now: clock.continuousNow)
        directory = cluster.directory()
        pass = { clock.advance(by: $0) }
        transport = { cluster.bus.transport() }
        listen = { topic in
            let tap = MemoryTap(cluster.bus.transport(), topic: topic)
            return { await tap.take() }
        }
        hasState = { cluster.hasState(of: $0) }
    }

    private init(server: RedisServer) async throws {
        let options = Self.options(isSharded: false)
        directory = RedisClusterDirectory(client: try await RedisBackends.single(), options: options)
        pass = RedisBackends.pass
        transport = { try await Self.transport(.single, options) }
        listen = { topic in
            let tap = try RedisSubscription(to: Self.messages(topic, options), isSharded: false, at: server)
            return { try tap.take().map { ByteBuffer(string: $0) } }
        }
        hasState = { try Self.hasState(of: $0, options, at: server) }
    }

    private init(cluster: RedisCluster, isSharded: Bool) async throws {
        let options = Self.options(isSharded: isSharded)
        directory = RedisClusterDirectory(client: try await RedisBackends.cluster(), options: options)
        pass = RedisBackends.pass
        transport = { try await Self.transport(.cluster, options) }
        listen = { topic in
            let name = Self.messages(topic, options)
            let tap = try RedisSubscription(to: name, isSharded: isSharded, at: cluster.master(ofKey: name))
            return { try tap.take().map { ByteBuffer(string: $0) } }
        }
        hasState = { topic in
            try Self.hasState(of: topic, options, at: cluster.master(ofKey: Self.messages(topic, options)))
        }
    }

    private static func options(isSharded: Bool) -> RedisDirectoryOptions {
        var options = RedisDirectoryOptions(usesShardedPubSub: isSharded)
        options.prefix = RedisBackends.prefix() + ":"
        return options
    }

    private static func transport(
        _ deployment: RedisBackends.Deployment,
        _ options: RedisDirectoryOptions
    ) async throws -> any ClusterTransport {
        var chosen = RedisTransportOptions()
        chosen.prefix = options.prefix
        chosen.shardedPubSub = options.usesShardedPubSub ? .always : .never
        return try await RedisBackends.clusterTransport(deployment, chosen)
    }

    private static func messages(_ topic: ClusterTopic, _ options: RedisDirectoryOptions) -> String {
        "\(options.prefix)m:{\(topic.tag)}"
    }

    private static func hasState(
        of topic: ClusterTopic,
        _ options: RedisDirectoryOptions,
        at server: RedisServer
    ) throws -> Bool {
        var cursor = "0"
        repeat {
            let pattern = "\(options.prefix)?:{\(topic.tag)}*"
            let lines = try server.control("SCAN", cursor, "MATCH", pattern, "COUNT", "1000").split(separator: "\n")
            let kept = ["b", "k"].map { "\(options.prefix)\($0):" }
            let others = lines.dropFirst().filter { key in !kept.contains { key.hasPrefix($0) } }
            // What ends with a kept value is no state of the directory's.
            if try others.contains(where: { try server.control("PTTL", String($0)) == "-1" }) { return true }
            cursor = lines.first.map(String.init) ?? "0"
        } while cursor != "0"
        return false
    }
}

/// Hears what is sent on one topic of a bus.
private final class MemoryTap: ClusterReceiver {
    private let transport: MemoryClusterTransport
    private let topic: ClusterTopic
    private let messages = Mutex<[ByteBuffer]>([])
    private let markers = Recorder<Void>()

    init(_ transport: MemoryClusterTransport, topic: ClusterTopic) {
        self.transport = transport
        self.topic = topic
        transport.subscribe(topic)
        // Lives as long as the test process, which is short.
        Task { await transport.run(receiver: self) }
    }

    /// The messages since the last call.
    func take() async -> [ByteBuffer] {
        let count = markers.elements.count + 1
        transport.publish(ClusterPublication(topic: topic, message: ClusterMessage.appChanged.encoded))
        // Messages of one topic come in order, so that all others are here when this one is.
        await markers.wait(for: count)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }

    func received(_ message: ByteBuffer, on topic: ClusterTopic) {
        if message == ClusterMessage.appChanged.encoded {
            markers.record(())
        } else {
            messages.withLock { $0.append(message) }
        }
    }

    func subscribed(to topics: [ClusterTopic]) {}
    func interrupted(_ topics: [ClusterTopic]) {}
    func disturbed(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool) {}
}
