import MemoryBackend
import NIOCore
import RedisBackend
import ServerCore
import Synchronization
import TestSupport
import Testing

@Suite("Every cluster transport", .timeLimit(.minutes(2)))
struct ClusterTransportConformance {
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

        /// Runs nodes that reach each other, and nobody else, while `body` goes on.
        func run(_ count: Int, _ body: ([TransportNode]) async throws -> Void) async throws {
            switch self {
            case .memory:
                let bus = MemoryClusterBus()
                let versions = VersionKeeper(bus)
                bus.onRetention { versions.keep($0, $2) }
                try await TransportNode.run(count, make: { bus.transport() }, body)
            case .redis:
                try await run(count, .single, .automatic, body)
            case .redisCluster:
                try await run(count, .cluster, .always, body)
            case .redisClusterWithoutShards:
                try await run(count, .cluster, .never, body)
            }
        }

        private func run(
            _ count: Int,
            _ deployment: RedisBackends.Deployment,
            _ shardedPubSub: RedisTransportOptions.ShardedPubSub,
            _ body: ([TransportNode]) async throws -> Void
        ) async throws {
            var options = RedisTransportOptions()
            options.prefix = "\(RedisBackends.prefix()):"
            options.shardedPubSub = shardedPubSub
            let chosen = options
            try await TransportNode.run(
                count,
                make: { try await RedisBackends.clusterTransport(deployment, chosen) },
                body
            )
        }
    }

    /// Raises versions and sends retained events, as the directory in memory does.
    private final class VersionKeeper: Sendable {
        private let bus: MemoryClusterBus
        private let versions = Mutex<[ClusterTopic: UInt64]>([:])

        init(_ bus: MemoryClusterBus) {
            self.bus = bus
        }

        func keep(_ topic: ClusterTopic, _ event: ClusterEvent) {
            versions.withLock { versions in
                let previous = versions[topic] ?? 0
                versions[topic] = previous + 1
                let version = ClusterVersion(current: previous + 1, previous: previous)
                bus.send(ClusterMessage.retained(event, version).encoded, on: topic)
            }
        }
    }

    private static let topic = ClusterTopic(.channel, appID: "shop", name: "orders {1}/2%\r\n🦤")

    @Test("messages arrive in order at every subscribed node, the sender too", arguments: Implementation.allCases)
    func order(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            for node in nodes { await node.subscribe(Self.topic) }
            let sent = (0..<2_000).map { _ in nodes[0].publish(on: Self.topic) }
            for node in nodes {
                await node.witness.wait { $0.messageCount >= 2_000 }
                #expect(node.witness.account.messages[Self.topic] == sent.map { ClusterMessage.event($0).encoded })
            }
        }
    }

    @Test("a node gets nothing that it has not asked for", arguments: Implementation.allCases)
    func interest(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            let topics = [
                Self.topic, ClusterTopic(.user, appID: Self.topic.appID, name: Self.topic.name),
                ClusterTopic(.channel, appID: "other", name: Self.topic.name), ClusterTopic(.app, appID: "shop"),
            ]
            await nodes[0].subscribe(topics[0], topics[2], topics[3])
            await nodes[1].subscribe(topics[1])
            for _ in 0..<50 {
                for topic in topics { nodes[0].publish(on: topic) }
            }
            await nodes[0].witness.wait { $0.messageCount >= 150 }
            await nodes[1].witness.wait { $0.messageCount >= 50 }
            #expect(
                nodes[0].witness.account.messages.mapValues(\.count) == [topics[0]: 50, topics[2]: 50, topics[3]: 50]
            )
            #expect(nodes[1].witness.account.messages.mapValues(\.count) == [topics[1]: 50])
        }
    }

    @Test(
        "what is published after the confirmation arrives, for each of many topics",
        arguments: Implementation.allCases
    )
    func confirmation(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            for number in 0..<200 {
                let topic = ClusterTopic(.channel, appID: "shop", name: "\(number)")
                await nodes[0].subscribe(topic)
                nodes[1].publish(on: topic)
            }
            await nodes[0].witness.wait { $0.messageCount >= 200 }
            #expect(nodes[0].witness.account.messages.count == 200)
        }
    }

    @Test("nothing arrives on a topic that was given up", arguments: Implementation.allCases)
    func unsubscription(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            let other = ClusterTopic(.channel, appID: "shop", name: "other")
            for node in nodes { await node.subscribe(Self.topic) }
            nodes[0].transport.unsubscribe(Self.topic)
            await nodes[0].subscribe(other)
            for _ in 0..<10 { nodes[1].publish(on: Self.topic) }
            await nodes[1].witness.wait { $0.messageCount >= 10 }
            nodes[1].publish(on: other)
            await nodes[0].witness.wait { $0.messages[other] != nil }
            #expect(nodes[0].witness.account.messages[Self.topic] == nil)
        }
    }

    @Test("asking twice is as good as once", arguments: Implementation.allCases)
    func twice(implementation: Implementation) async throws {
        try await implementation.run(1) { nodes in
            await nodes[0].subscribe(Self.topic)
            let other = ClusterTopic(.channel, appID: "shop", name: "other")
            await nodes[0].subscribe(Self.topic, other)
            nodes[0].publish(on: Self.topic)
            nodes[0].publish(on: Self.topic)
            await nodes[0].witness.wait { $0.messageCount >= 2 }
            #expect(nodes[0].witness.account.messages[Self.topic]?.count == 2)
            #expect(nodes[0].witness.account.confirmations == [Self.topic: 1, other: 1])
        }
    }

    @Test(
        "a topic that is asked for again is confirmed again, and one given up meanwhile never is",
        arguments: Implementation.allCases
    )
    func again(implementation: Implementation) async throws {
        try await implementation.run(1) { nodes in
            let node = nodes[0]
            let other = ClusterTopic(.channel, appID: "shop", name: "other")
            node.transport.subscribe(other)
            node.transport.unsubscribe(other)
            for round in 1...20 {
                node.transport.subscribe(Self.topic)
                await node.witness.wait { $0.confirmations[Self.topic] == round }
                node.publish(on: Self.topic)
                await node.witness.wait { $0.messageCount == round }
                node.transport.unsubscribe(Self.topic)
            }
            await node.subscribe(Self.topic)
            #expect(node.witness.account.confirmations[other] == nil)
            #expect(node.witness.account.interruptions.isEmpty)
        }
    }

    @Test(
        "retained events raise the version one after another, between others of many nodes",
        arguments: Implementation.allCases
    )
    func retention(implementation: Implementation) async throws {
        try await implementation.run(3) { nodes in
            for node in nodes { await node.subscribe(Self.topic) }
            await withTaskGroup(of: Void.self) { group in
                for node in nodes {
                    group.addTask {
                        for number in 0..<200 {
                            node.publish(on: Self.topic, retaining: number.isMultiple(of: 3) ? .seconds(60) : nil)
                        }
                    }
                }
            }
            for node in nodes {
                await node.witness.wait { $0.messageCount >= 600 }
                let account = node.witness.account
                var version: UInt64 = 0
                var retained = 0
                for bytes in account.messages[Self.topic] ?? [] {
                    guard case .retained(_, let next) = ClusterMessage(bytes) else { continue }
                    #expect(next.previous == version)
                    #expect(next.current > version)
                    version = next.current
                    retained += 1
                }
                #expect(retained == 201)
                #expect(account.events(on: Self.topic).count == 600)
            }
        }
    }

    @Test("ten thousand topics are confirmed and served", arguments: Implementation.allCases)
    func manyTopics(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            let topics = (0..<10_000).map { ClusterTopic(.channel, appID: "shop", name: "topic-\($0)") }
            for topic in topics { nodes[0].transport.subscribe(topic) }
            await nodes[0].witness.wait { $0.served.count >= 10_000 }
            for topic in topics { nodes[1].publish(on: topic) }
            await nodes[0].witness.wait { $0.messageCount >= 10_000 }
            #expect(nodes[0].witness.account.messages.count == 10_000)
            for topic in topics { nodes[0].transport.unsubscribe(topic) }
            await nodes[0].subscribe(Self.topic)
            #expect(nodes[0].witness.account.interruptions.isEmpty)
        }
    }

    @Test("each of many publishers is heard in its order, and nothing twice", arguments: Implementation.allCases)
    func manyPublishers(implementation: Implementation) async throws {
        try await implementation.run(4) { nodes in
            let topics = (0..<10).map { ClusterTopic(.channel, appID: "shop", name: "topic-\($0)") }
            for node in nodes {
                for topic in topics { node.transport.subscribe(topic) }
                await node.witness.wait(forService: topics)
            }
            await withTaskGroup(of: Void.self) { group in
                for node in nodes {
                    for topic in topics {
                        group.addTask { for _ in 0..<100 { node.publish(on: topic) } }
                    }
                }
            }
            for node in nodes {
                await node.witness.wait { $0.messageCount >= 4_000 }
                for topic in topics {
                    let events = node.witness.account.events(on: topic)
                    for other in nodes {
                        #expect(events.filter { $0.publisher == other.publisher }.map(\.sequence) == Array(1...100))
                    }
                }
                #expect(node.witness.account.messageCount == 4_000)
            }
        }
    }

    @Test("any bytes arrive as they are", arguments: Implementation.allCases)
    func bytes(implementation: Implementation) async throws {
        try await implementation.run(2) { nodes in
            await nodes[1].subscribe(Self.topic)
            let messages = [
                [], [0], Array("\r\n$5\r\n".utf8), Array(0...255), [UInt8](repeating: 0xff, count: 3_000_000),
            ]
            .map { ByteBuffer(bytes: $0) }
            for message in messages {
                nodes[0].transport.publish(ClusterPublication(topic: Self.topic, message: message))
            }
            await nodes[1].witness.wait { $0.messageCount >= messages.count }
            #expect(nodes[1].witness.account.messages[Self.topic] == messages)
        }
    }

    @Test(
        "what was published has gone out after a flush, and nothing is taken after the end",
        arguments: Implementation.allCases
    )
    func flush(implementation: Implementation) async throws {
        let ended = Recorder<any ClusterTransport>()
        try await implementation.run(1) { nodes in
            await nodes[0].subscribe(Self.topic)
            for _ in 0..<1_000 { nodes[0].publish(on: Self.topic) }
            await nodes[0].transport.flush(within: .seconds(20))
            #expect(nodes[0].transport.isServing)
            await nodes[0].witness.wait { $0.messageCount >= 1_000 }
            ended.record(nodes[0].transport)
        }
        let transport = try #require(ended.elements.first)
        #expect(transport.publish(ClusterPublication(topic: Self.topic, message: ByteBuffer())) == false)
        #expect(transport.isServing == false)
    }
}
