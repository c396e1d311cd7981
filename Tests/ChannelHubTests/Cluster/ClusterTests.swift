import MemoryBackend
import NIOCore
import PusherProtocol
import ServerCore
import Synchronization
import TestSupport
import Testing

@testable import ChannelHub

/// Three hubs that are one.
@Suite(.timeLimit(.minutes(2))) struct ClusterTests {
    @Test("events reach the subscribers of all nodes in their order, and no node that has none")
    func relays() async throws {
        let cluster = try await ClusterHarness()
        let near = try await cluster.nodes[0].subscribed(to: "news")
        let far = try await cluster.nodes[1].subscribed(to: "news")
        let other = try await cluster.nodes[2].subscribed(to: "sport")
        for index in 0..<500 {
            cluster.nodes[0].publish("\(index)", to: "news")
        }
        let expected = (0..<500).map { "\($0)" }
        try await cluster.holds("all events") { near.events.count == 500 && far.events.count == 500 }
        #expect(near.events == expected)
        #expect(far.events == expected)
        #expect(other.events.isEmpty)
        try await cluster.stop()
    }

    @Test("a client's event reaches everybody but the client, wherever they are")
    func relaysClientEvents() async throws {
        let cluster = try await ClusterHarness(nodes: 2)
        let sender = try await cluster.nodes[0].subscribed(to: "private-a")
        let near = try await cluster.nodes[0].subscribed(to: "private-a", loop: 1)
        let far = try await cluster.nodes[1].subscribed(to: "private-a")
        let app = cluster.nodes[0].app
        let hub = cluster.nodes[0].hub
        try await cluster.nodes[0].harness.on(0) { _ in
            guard let socketID = sender.subscriber?.socketID else { return }
            hub.relay(.event("x", channel: "private-a"), to: "private-a", app: app, from: socketID)
        }
        try await cluster.holds("the event") { near.events == ["x"] && far.events == ["x"] }
        #expect(sender.events.isEmpty)
        try await cluster.stop()
    }

    @Test("a new member sees those of all nodes, and all nodes are told of the member once")
    func sharesPresence() async throws {
        let cluster = try await ClusterHarness()
        let first = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        let second = try await cluster.nodes[1].subscribed(to: "presence-a", user: "2")
        #expect(second.members.users == ["1", "2"])
        // Another connection of a user who is there is no new member.
        let again = try await cluster.nodes[2].subscribed(to: "presence-a", user: "1")
        #expect(again.members.users == ["1", "2"])
        try await cluster.holds("member 2 is told") { first.members.users == ["1", "2"] }
        #expect(first.count("pusher_internal:member_added") == 1)
        try await cluster.nodes[0].unsubscribe(first, from: "presence-a")
        try await cluster.nodes[1].unsubscribe(second, from: "presence-a")
        try await cluster.holds("member 2 is gone") { again.members.users == ["1"] }
        #expect(again.count("pusher_internal:member_removed") == 1)
        for peer in [first, second, again] { #expect(peer.members.contradictions == 0) }
        #expect(cluster.texts(of: "presence-a").filter { $0.hasSuffix("+1") }.count == 1)
        #expect(cluster.texts(of: "presence-a").filter { $0.hasSuffix("-1") }.isEmpty)
        let users = try await cluster.nodes[1].hub.sharedUserIDs(of: "presence-a", app: cluster.nodes[1].app)
        #expect(users == ["1"])
        try await cluster.stop()
    }

    @Test("the webhooks are told of the first and the last subscriber of all nodes")
    func tellsEdges() async throws {
        let cluster = try await ClusterHarness()
        let first = try await cluster.nodes[0].subscribed(to: "news")
        let second = try await cluster.nodes[1].subscribed(to: "news")
        #expect(cluster.texts(of: "news") == ["news occupied"])
        try await cluster.nodes[0].unsubscribe(first, from: "news")
        let third = try await cluster.nodes[2].subscribed(to: "news")
        try await cluster.nodes[1].unsubscribe(second, from: "news")
        #expect(cluster.texts(of: "news") == ["news occupied"])
        try await cluster.nodes[2].unsubscribe(third, from: "news")
        try await cluster.holds("vacated") { cluster.texts(of: "news").count == 2 }
        #expect(Set(cluster.texts(of: "news")) == ["news occupied", "news vacated"])
        try await cluster.stop()
    }

    @Test("a broken connection that is back at another node in time is no news")
    func waits() async throws {
        let cluster = try await ClusterHarness(nodes: 2)
        let peer = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        try await cluster.nodes[0].disconnect(peer)
        _ = try await cluster.nodes[1].subscribed(to: "presence-a", user: "1")
        // Longer than the grace period.
        try await Task.sleep(for: .seconds(2))
        #expect(Set(cluster.texts(of: "presence-a")) == ["presence-a occupied", "presence-a +1"])
        #expect(cluster.texts(of: "presence-a").count == 2)
        try await cluster.stop()
    }

    @Test("channels are listed and counted over all nodes")
    func counts() async throws {
        let cluster = try await ClusterHarness()
        for (index, node) in cluster.nodes.enumerated() {
            _ = try await node.subscribed(to: "presence-a", user: "\(index)")
            _ = try await node.subscribed(to: "news-\(index)")
        }
        let node = cluster.nodes[0]
        let all = try await node.hub.sharedChannels(of: node.app, prefix: "")
        #expect(all.map(\.name) == ["news-0", "news-1", "news-2", "presence-a"])
        #expect(all.last?.counts == ChannelCounts(subscriptions: 3, users: 3))
        #expect(try await node.hub.sharedChannels(of: node.app, prefix: "presence-").map(\.name) == ["presence-a"])
        try await cluster.stop()
    }

    @Test("the number of subscribers that clients are told is that of all nodes")
    func tellsCounts() async throws {
        let cluster = try await ClusterHarness(nodes: 2, app: .testing(sendsCounts: true))
        let first = try await cluster.nodes[0].subscribed(to: "news")
        let second = try await cluster.nodes[1].subscribed(to: "news")
        let third = try await cluster.nodes[1].subscribed(to: "news")
        let last = { (peer: HubPeer) in peer.messages.last { $0.event.hasSuffix("subscription_count") }?.data }
        try await cluster.holds("three are counted") {
            last(first) == #"{"subscription_count":3}"# && last(second) == #"{"subscription_count":3}"#
                && last(third) == #"{"subscription_count":3}"#
        }
        try await cluster.stop()
    }

    @Test("a cache channel gives its last event, whoever published it, and one miss is told")
    func sharesCache() async throws {
        let cluster = try await ClusterHarness()
        let early = try await cluster.nodes[0].subscribed(to: "cache-a")
        let missed = try await cluster.nodes[1].subscribed(to: "cache-a")
        #expect(early.count("pusher:cache_miss") == 1)
        #expect(missed.count("pusher:cache_miss") == 1)
        #expect(cluster.texts(of: "cache-a").filter { $0.hasSuffix("miss") }.count == 1)
        cluster.nodes[2].publish("one", to: "cache-a")
        cluster.nodes[2].publish("two", to: "cache-a")
        try await cluster.holds("live events") { early.events == ["one", "two"] && missed.events == ["one", "two"] }
        for node in cluster.nodes {
            let late = try await node.subscribed(to: "cache-a")
            try await cluster.holds("the kept event") { late.events == ["two"] }
            let kept = try await node.hub.sharedCachedEvent(of: "cache-a", app: node.app)
            #expect(kept.map { String(decoding: $0.escapedData, as: UTF8.self) } == "two")
        }
        try await cluster.stop()
    }

    @Test("a presence channel is full when all nodes together have filled it")
    func limitsMembers() async throws {
        var app = App.testing()
        app.limits.maxPresenceMembersPerChannel = 2
        let cluster = try await ClusterHarness(app: app)
        _ = try await cluster.nodes[0].subscribed(to: "presence-a", user: "1")
        _ = try await cluster.nodes[1].subscribed(to: "presence-a", user: "2")
        let peer = try await cluster.nodes[2].harness.connect()
        try await cluster.nodes[2].harness.on(0) { try peer.subscribe($0, to: "presence-a", user: "3") }
        try await cluster.holds("the refusal") { peer.count("pusher:subscription_error") == 1 }
        _ = try await cluster.nodes[2].subscribed(to: "presence-a", user: "2")
        try await cluster.stop()
    }

    @Test("an app's quota holds for all nodes together, also when all ask at once")
    func sharesQuota() async throws {
        var app = App.testing()
        app.limits.maxConnections = 10
        let cluster = try await ClusterHarness(app: app)
        let verdicts = Recorder<Bool>()
        for node in cluster.nodes {
            for _ in 0..<8 {
                node.hub.admitConnection(to: node.app, on: node.harness.eventLoops[0]) { verdicts.record($0) }
            }
        }
        try await cluster.holds("all verdicts") { verdicts.elements.count == 24 }
        #expect(verdicts.elements.filter { $0 }.count == 10)
        let full = try #require(cluster.nodes.first { $0.app.connections > 0 })
        full.hub.releaseConnection(of: full.app)
        try await Task.sleep(for: .milliseconds(200))
        let other = try #require(cluster.nodes.first { $0 !== full })
        other.hub.admitConnection(to: other.app, on: other.harness.eventLoops[0]) { verdicts.record($0) }
        try await cluster.holds("the freed place") { verdicts.elements.count == 25 }
        #expect(verdicts.elements.last == true)
        try await cluster.stop()
    }

    @Test("watchlists and the closing of a user's connections reach all nodes")
    func sharesUsers() async throws {
        let cluster = try await ClusterHarness()
        let watcher = try await cluster.nodes[0].harness.connect()
        try await cluster.nodes[0].harness.on(0) { watcher.signIn($0, as: "w", watching: ["a", "b"]) }
        let events = { watcher.messages.filter { $0.event == "pusher_internal:watchlist_events" }.map(\.data) }
        try await cluster.holds("who is offline") { events().count == 1 }
        #expect(events()[0].contains("offline"))
        let user = try await cluster.nodes[1].harness.connect()
        try await cluster.nodes[1].harness.on(0) { user.signIn($0, as: "a", watching: []) }
        try await cluster.holds("a is online") { events().count == 2 }
        #expect(events()[1].contains("online"))
        let again = try await cluster.nodes[2].harness.connect()
        try await cluster.nodes[2].harness.on(0) { again.signIn($0, as: "a", watching: ["w"]) }
        try await cluster.holds("w is online") { again.count("pusher_internal:watchlist_events") == 1 }
        #expect(events().count == 2)
        let first = cluster.nodes[0]
        first.hub.closeConnections(ofUser: "a", app: first.app, code: 4009, reason: "out")
        try await cluster.holds("both are closed") { user.closeCodes == [4009] && again.closeCodes == [4009] }
        #expect(watcher.closeCodes.isEmpty)
        try await cluster.nodes[1].disconnect(user)
        try await cluster.nodes[2].disconnect(again)
        try await cluster.holds("a is offline") { events().count == 3 }
        try await cluster.stop()
    }

    @Test("nothing is left in the cluster when everybody has gone")
    func forgets() async throws {
        let cluster = try await ClusterHarness()
        for node in cluster.nodes { node.queues.isOn.store(true, ordering: .relaxed) }
        var peers: [(ClusterMember, HubPeer)] = []
        for node in cluster.nodes {
            for channel in ["news", "presence-a", "private-b"] {
                peers.append((node, try await node.subscribed(to: channel, user: channel == "presence-a" ? "1" : nil)))
            }
        }
        for (node, peer) in peers {
            try await node.disconnect(peer)
        }
        try await cluster.holds("the hubs are empty") {
            cluster.nodes.allSatisfy { $0.hub.directory.isEmpty && $0.hub.users.isEmpty }
        }
        for channel in ["news", "presence-a", "private-b"] {
            #expect(!cluster.cluster.hasState(of: ClusterTopic(.channel, appID: "1", name: channel)))
        }
        try await cluster.stop()
    }
}
