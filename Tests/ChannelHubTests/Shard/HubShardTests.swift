import NIOCore
import PusherProtocol
import ServerCore
import Testing

@testable import ChannelHub

/// Checks what connections are sent, on one loop and over several.
@Suite(.timeLimit(.minutes(1))) struct HubShardTests {
    private func event(_ name: String, _ data: String, channel: String) -> PreparedEvent {
        let frame = Array(name.utf8).withUnsafeBytes { name in
            Array(data.utf8).withUnsafeBytes {
                ServerMessage.applicationEvent(escapedName: name, channel: channel, escapedData: $0)
            }
        }
        return PreparedEvent(frame: frame, escapedData: Array(data.utf8))
    }

    @Test("a message reaches the subscribers of every loop but the excepted one")
    func publishes() async throws {
        let harness = try await HubHarness(loops: 3)
        var peers: [HubPeer] = []
        for index in 0..<9 {
            let peer = try await harness.connect(index % 3)
            try await harness.on(peer.loop) { try peer.subscribe($0, to: index < 8 ? "news" : "other") }
            peers.append(peer)
        }
        let sender = peers[4]
        let except = try await harness.on(sender.loop) { _ in sender.subscriber?.socketID }
        let counts = harness.hub.publish(event("e", "x", channel: "news"), to: "news", app: harness.app, except: except)
        try await harness.settle()
        #expect(counts.subscriptions == 8)
        for (index, peer) in peers.enumerated() {
            let got = peer.messages.filter { $0.event == "e" }.count
            #expect(got == (index == 4 || index == 8 ? 0 : 1))
        }
        try await harness.stop()
    }

    @Test("a subscription is confirmed, then comes the cached event or its miss, then the count")
    func greetsInOrder() async throws {
        let harness = try await HubHarness(loops: 1, app: .testing(sendsCounts: true))
        let first = try await harness.connect()
        try await harness.on(0) { try first.subscribe($0, to: "cache-a") }
        _ = harness.hub.publish(event("e", "x", channel: "cache-a"), to: "cache-a", app: harness.app)
        let second = try await harness.connect()
        try await harness.on(0) { try second.subscribe($0, to: "cache-a") }
        try await harness.settle()
        let succeeded = "pusher_internal:subscription_succeeded"
        #expect(
            first.messages.map(\.event).prefix(3) == [
                succeeded, "pusher:cache_miss", "pusher_internal:subscription_count",
            ]
        )
        #expect(second.messages.map(\.event) == [succeeded, "e", "pusher_internal:subscription_count"])
        try await harness.stop()
    }

    @Test("an event that races with a join of a cache channel is delivered once, cached or live", arguments: 0..<30)
    func deliversOnce(_ round: Int) async throws {
        let harness = try await HubHarness(loops: 2)
        let event = event("e", "x", channel: "cache-a")
        let peers = try await [harness.connect(0), harness.connect(1)]
        async let published = harness.on(round % 2) { [app = harness.app, hub = harness.hub] _ in
            hub.publish(event, to: "cache-a", app: app)
        }
        async let joined: Void = harness.on(0) { try peers[0].subscribe($0, to: "cache-a") }
        try await harness.on(1) { try peers[1].subscribe($0, to: "cache-a") }
        _ = try await published
        try await joined
        try await harness.settle()
        for peer in peers {
            #expect(peer.messages.filter { $0.event == "e" }.count == 1)
        }
        try await harness.stop()
    }

    @Test("subscriptions of many channels end in any order without moving the wrong one")
    func movesEntries() async throws {
        let harness = try await HubHarness(loops: 1)
        let peers = try await [harness.connect(), harness.connect(), harness.connect()]
        let names = (0..<20).map { "c\($0)" }
        try await harness.on(0) { shard in
            for peer in peers { for name in names { try peer.subscribe(shard, to: name) } }
            for (index, name) in names.enumerated() where index % 3 != 0 {
                peers[index % 2].unsubscribe(shard, from: name)
            }
            peers[2].disconnect(shard)
        }
        for name in names {
            _ = harness.hub.publish(event("e", "x", channel: name), to: name, app: harness.app)
        }
        try await harness.settle()
        for (position, peer) in peers.prefix(2).enumerated() {
            let expected = names.enumerated().filter { $0.offset % 3 == 0 || $0.offset % 2 != position }.map(\.element)
            #expect(peer.messages.filter { $0.event == "e" }.compactMap(\.channel) == expected)
        }
        #expect(peers[2].messages.filter { $0.event == "e" }.isEmpty)
        try await harness.stop()
    }

    @Test("a connection that is being closed leaves its channels and its user, and is sent nothing more")
    func retires() async throws {
        let harness = try await HubHarness(loops: 2)
        let closing = try await harness.connect(0)
        let watcher = try await harness.connect(1)
        try await harness.on(1) { watcher.signIn($0, as: "w", watching: ["1"]) }
        try await harness.on(0) { shard in
            try closing.subscribe(shard, to: "news")
            closing.signIn(shard, as: "1", watching: ["w"])
        }
        try await harness.settle()
        let before = closing.messages.count
        try await harness.on(0) { shard in
            guard let subscriber = closing.subscriber else { return }
            shard.retire(subscriber)
        }
        let counts = harness.hub.publish(event("e", "x", channel: "news"), to: "news", app: harness.app)
        try await harness.on(1) { watcher.disconnect($0) }
        try await harness.settle()
        #expect(counts.subscriptions == 0)
        #expect(closing.messages.count == before)
        #expect(harness.hub.signedInUsers(of: harness.app) == 0)
        try await harness.on(0) { closing.disconnect($0) }
        #expect(harness.hub.signedInUsers(of: harness.app) == 0)
        try await harness.stop()
    }

    @Test("a user's connections are closed on every loop, and nobody else's")
    func closesUsers() async throws {
        let harness = try await HubHarness(loops: 3)
        var peers: [HubPeer] = []
        for index in 0..<6 {
            let peer = try await harness.connect(index % 3)
            try await harness.on(peer.loop) { peer.signIn($0, as: index < 4 ? "1" : "2", watching: []) }
            peers.append(peer)
        }
        harness.hub.closeConnections(ofUser: "1", app: harness.app, code: 4009, reason: "")
        try await harness.settle()
        #expect(peers.map(\.closeCodes) == [[4009], [4009], [4009], [4009], [], []])
        try await harness.stop()
    }

    @Test("nothing holds on to a connection or a channel that is gone")
    func releases() async throws {
        let harness = try await HubHarness(loops: 1)
        let peer = try await harness.connect()
        let isGone = try await harness.on(0) { shard in
            try peer.subscribe(shard, to: "presence-a", user: "1")
            peer.signIn(shard, as: "1", watching: ["2"])
            weak let subscriber = peer.subscriber
            weak let channel = peer.subscriber?.subscriptions.first?.channel
            let wereThere = subscriber != nil && channel != nil
            peer.disconnect(shard)
            return wereThere && subscriber == nil && channel == nil && shard.connectionCount == 0
        }
        #expect(isGone)
        harness.hub.finishEdges()
        #expect(harness.hub.directory.isEmpty)
        #expect(harness.hub.users.isEmpty)
        try await harness.stop()
    }
}
