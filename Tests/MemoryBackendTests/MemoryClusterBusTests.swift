import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("A bus in this process", .timeLimit(.minutes(1)))
struct MemoryClusterBusTests {
    private static let topic = ClusterTopic(.channel, appID: "shop", name: "orders")

    private func run(
        _ count: Int,
        _ body: ([TransportNode], [MemoryClusterTransport], MemoryClusterBus) async throws -> Void
    ) async throws {
        let bus = MemoryClusterBus()
        try await TransportNode.run(count, make: { bus.transport() }) { nodes in
            for node in nodes { await node.subscribe(Self.topic) }
            try await body(nodes, nodes.compactMap { $0.transport as? MemoryClusterTransport }, bus)
        }
    }

    @Test("a node that is cut off is told once, misses what others say, and says what waited when it is back")
    func cut() async throws {
        try await run(2) { nodes, transports, _ in
            transports[0].cut()
            transports[0].cut()
            await nodes[0].witness.wait { $0.interruptions == [Self.topic: 1] }
            #expect(transports[0].isServing == false)
            #expect(transports[1].isServing)
            nodes[1].publish(on: Self.topic)
            await nodes[1].witness.wait { $0.messageCount == 1 }
            for _ in 0..<100 { nodes[0].publish(on: Self.topic) }
            transports[0].restore()
            #expect(transports[0].isServing)
            for _ in 0..<100 { nodes[0].publish(on: Self.topic) }
            for node in nodes {
                await node.witness.wait { $0.latest[Self.topic]?[nodes[0].publisher] == 200 }
                let events = node.witness.account.events(on: Self.topic).filter { $0.publisher == nodes[0].publisher }
                #expect(events.map(\.sequence) == Array(1...200))
            }
            #expect(nodes[0].witness.account.messageCount == 200)
            #expect(nodes[0].witness.account.confirmations == [Self.topic: 2])
            #expect(nodes[0].witness.account.disturbances.isEmpty)
        }
    }

    @Test("a topic that was asked for while cut off is confirmed afterwards, and one given up then is not")
    func changes() async throws {
        try await run(1) { nodes, transports, _ in
            let other = ClusterTopic(.channel, appID: "shop", name: "other")
            transports[0].cut()
            transports[0].subscribe(other)
            transports[0].unsubscribe(Self.topic)
            transports[0].restore(forgetting: true)
            await nodes[0].witness.wait(forService: [other])
            let account = nodes[0].witness.account
            #expect(account.confirmations == [Self.topic: 1, other: 1])
            #expect(account.disturbances.first?(other) == true)
        }
    }

    @Test("everybody is cut off and comes back")
    func everybody() async throws {
        try await run(3) { nodes, _, bus in
            bus.cutAll()
            for node in nodes {
                node.publish(on: Self.topic)
                await node.witness.wait { $0.interruptions == [Self.topic: 1] }
            }
            bus.restoreAll()
            for node in nodes { await node.witness.wait { $0.messageCount == 3 } }
        }
    }

    @Test("what waits is bounded")
    func bounds() async throws {
        try await run(1) { nodes, transports, _ in
            transports[0].cut()
            let publication = ClusterPublication(topic: Self.topic, message: ClusterMessage.appChanged.encoded)
            #expect((0..<10_000).allSatisfy { _ in transports[0].publish(publication) })
            #expect(transports[0].publish(publication) == false)
            transports[0].restore()
            await nodes[0].witness.wait { $0.messageCount == 10_000 }
        }
    }
}
