import MemoryBackend
import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

@testable import ChannelHub

/// What is left of the truth when nodes and their store fail.
@Suite(.timeLimit(.minutes(2))) struct ClusterFaultTests {
    @Test("a killed node's members go, its channels are vacated, and that is told once")
    func buries() async throws {
        let cluster = try await ClusterHarness()
        let survivor = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        _ = try await cluster.nodes[2].subscribed(to: "presence-a", user: "2")
        _ = try await cluster.nodes[2].subscribed(to: "presence-a", user: "1")
        _ = try await cluster.nodes[2].subscribed(to: "news")
        for node in cluster.nodes { node.harness.sink.enqueue() }
        try await cluster.holds("both are there") { survivor.members.users == ["1", "2"] }
        await cluster.nodes[2].kill()
        try await cluster.holds("the ghost is gone") { survivor.members.users == ["1"] }
        try await cluster.holds("its channel is vacated") {
            cluster.texts(of: "news").contains("news vacated")
                && cluster.texts(of: "presence-a").contains("presence-a -2")
        }
        #expect(cluster.texts(of: "news").filter { $0.hasSuffix("vacated") }.count == 1)
        #expect(cluster.texts(of: "presence-a").filter { $0.hasSuffix("-2") }.count == 1)
        #expect(!cluster.texts(of: "presence-a").contains("presence-a -1"))
        let node = cluster.nodes[1]
        #expect(try await node.hub.sharedChannels(of: node.app, prefix: "").map(\.name) == ["presence-a"])
        try await cluster.stop()
    }

    @Test("news that a killed node did not get into its queue are told by another")
    func tellsForTheDead() async throws {
        let cluster = try await ClusterHarness(nodes: 2)
        _ = try await cluster.nodes[1].subscribed(to: "news")
        // Emitted, but nothing says that the queue has it.
        #expect(cluster.nodes[1].harness.sink.texts == ["news occupied"])
        await cluster.nodes[1].kill()
        try await cluster.holds("the other tells it") {
            cluster.nodes[0].harness.sink.texts == ["news occupied", "news vacated"]
        }
        try await cluster.stop()
    }

    @Test("a node that was cut off catches up, and its clients are told what they missed once")
    func catchesUp() async throws {
        let cluster = try await ClusterHarness(nodes: 2)
        let near = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        let far = try await cluster.nodes[1].subscribed(to: "presence-a", user: "2")
        try await cluster.holds("both are there") { near.members.users == ["1", "2"] }
        cluster.nodes[1].cut()
        cluster.nodes[1].publish("local", to: "presence-a")
        try await cluster.holds("local delivery goes on") { far.events == ["local"] }
        _ = try await cluster.nodes[0].subscribed(to: "presence-a", user: "3")
        cluster.nodes[1].restore()
        try await cluster.holds("all agree") {
            near.members.users == ["1", "2", "3"] && far.members.users == ["1", "2", "3"]
        }
        #expect(far.members.contradictions == 0)
        try await cluster.stop()
    }

    @Test("a node that was given up while it was cut off comes back under another name")
    func comesBack() async throws {
        let cluster = try await ClusterHarness(nodes: 2)
        let near = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        let far = try await cluster.nodes[1].subscribed(to: "presence-a", user: "2")
        try await cluster.holds("both are there") { near.members.users == ["1", "2"] }
        let name = cluster.nodes[1].hub.session?.node
        cluster.nodes[1].cut()
        try await cluster.holds("it is given up") { near.members.users == ["1"] }
        cluster.nodes[1].restore()
        try await cluster.holds("it is back") { near.members.users == ["1", "2"] }
        #expect(cluster.nodes[1].hub.session?.node != name)
        try await cluster.holds("its client agrees") { far.members.users == ["1", "2"] }
        #expect(near.members.contradictions == 0)
        #expect(far.members.contradictions == 0)
        try await cluster.stop()
    }

    @Test("a store that forgot everything is told again, and neither clients nor webhooks notice")
    func tellsAgain() async throws {
        let cluster = try await ClusterHarness()
        var peers: [HubPeer] = []
        for (index, node) in cluster.nodes.enumerated() {
            peers.append(try await node.subscribed(to: "presence-a", user: "\(index)"))
        }
        for node in cluster.nodes { node.harness.sink.enqueue() }
        try await cluster.holds("all agree") { peers.allSatisfy { $0.members.users == ["0", "1", "2"] } }
        let messages = peers.map(\.messages.count)
        for node in cluster.nodes { node.cut() }
        cluster.cluster.forgetEverything()
        for node in cluster.nodes { node.restore(forgetting: true) }
        let node = cluster.nodes[0]
        try await Eventually.holds("the store knows all again", within: .seconds(20)) {
            let users = try? await node.hub.sharedUserIDs(of: "presence-a", app: node.app)
            return users == ["0", "1", "2"]
        }
        // Longer than what nodes are given to say again who is with them.
        try await Task.sleep(for: .seconds(7))
        #expect(peers.map(\.messages.count) == messages)
        #expect(cluster.texts(of: "presence-a").filter { $0.hasSuffix("occupied") }.count == 1)
        #expect(cluster.texts(of: "presence-a").count == 4)
        // The truth is still the truth.
        try await cluster.nodes[2].disconnect(peers[2])
        try await cluster.holds("2 is gone") { peers[0].members.users == ["0", "1"] }
        try await cluster.stop()
    }

    @Test("a store that forgot everything lists all channels again, and finds what a node had that dies later")
    func recordsAgain() async throws {
        let cluster = try await ClusterHarness()
        var peers: [HubPeer] = []
        for (index, node) in cluster.nodes.enumerated() {
            peers.append(try await node.subscribed(to: "presence-a", user: "\(index)"))
        }
        for node in cluster.nodes { node.cut() }
        cluster.cluster.forgetEverything()
        for node in cluster.nodes { node.restore(forgetting: true) }
        let node = cluster.nodes[0]
        try await Eventually.holds("the channel is listed again", within: .seconds(10)) {
            let channels = try? await node.hub.sharedChannels(of: node.app, prefix: "presence-")
            return channels?.map(\.counts.users) == [3]
        }
        await cluster.nodes[2].kill()
        try await cluster.holds("2 is gone") { peers[0].members.users == ["0", "1"] }
        try await cluster.stop()
    }

    @Test("who leaves while the store loses everything is told once to have left")
    func tellsForgottenDepartures() async throws {
        let cluster = try await ClusterHarness()
        let staying = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        let leaving = try await cluster.nodes[1].subscribed(to: "presence-a", user: "2")
        let alone = try await cluster.nodes[2].subscribed(to: "presence-b", user: "3")
        for node in cluster.nodes { node.harness.sink.enqueue() }
        for node in cluster.nodes { node.cut() }
        cluster.cluster.forgetEverything()
        try await cluster.nodes[1].disconnect(leaving)
        try await cluster.nodes[2].unsubscribe(alone, from: "presence-b")
        try await cluster.holds("all nodes notice") {
            cluster.nodes.allSatisfy { $0.hub.session?.hasBeenQuiet(for: .seconds(30)) == false }
        }
        for node in cluster.nodes { node.restore(forgetting: true) }
        // Whoever comes before that is known is told it later, too.
        let newcomer = try await cluster.nodes[0].subscribed(to: "presence-a", user: "4")
        try await cluster.holds("2 is gone") { staying.members.users == ["1", "4"] }
        try await cluster.holds("2 is gone") { newcomer.members.users == ["1", "4"] }
        #expect(staying.members.contradictions == 0)
        #expect(newcomer.members.contradictions == 0)
        try await cluster.holds("all is told") {
            cluster.texts(of: "presence-a").contains { $0.hasSuffix("-2") }
                && cluster.texts(of: "presence-b").contains { $0.hasSuffix("vacated") }
        }
        #expect(cluster.texts(of: "presence-a").count == 5)
        #expect(cluster.texts(of: "presence-b").count == 4)
        try await cluster.stop()
    }
}
