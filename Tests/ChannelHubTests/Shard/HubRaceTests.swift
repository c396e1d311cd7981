import Foundation
import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

@testable import ChannelHub

/// Lets connections on four loops come and go at once, and checks what each of them and the webhooks were told.
@Suite(.timeLimit(.minutes(1))) struct HubRaceTests {
    private static let channels = ["presence-a", "presence-b", "presence-cache-c"]
    private static let users = ["1", "2", "3", "4"]

    @Test("every member's view follows from its snapshot, and edges alternate", arguments: 0..<6)
    func agrees(_ seed: Int) async throws {
        let harness = try await HubHarness(loops: 4)
        let peers = try await withThrowingTaskGroup(of: [HubPeer].self) { tasks in
            for loop in 0..<4 {
                tasks.addTask { try await Self.act(on: loop, harness, seed: UInt64(seed * 4 + loop)) }
            }
            var peers: [HubPeer] = []
            for try await some in tasks { peers += some }
            return peers
        }
        try await harness.settle()
        for peer in peers {
            checkMembership(peer, harness)
            checkWatchlist(peer, harness, isOnline: Set(peers.compactMap(\.signedIn.last)))
        }
        for loop in 0..<4 {
            let own = peers.filter { $0.loop == loop }
            try await harness.on(loop) { shard in for peer in own { peer.disconnect(shard) } }
        }
        try await harness.settle()
        harness.hub.finishEdges()
        checkEdges(harness.sink.texts)
        #expect(harness.hub.directory.isEmpty)
        #expect(harness.hub.users.isEmpty)
        #expect(DirectoryFixture.gauge("active_channels", in: harness.registry) == 0)
        try await harness.stop()
    }

    /// Lets the connections of one loop act at random; returns those that are still open.
    private static func act(on loop: Int, _ harness: HubHarness, seed: UInt64) async throws -> [HubPeer] {
        var random = SeededGenerator(seed: seed)
        var peers: [HubPeer] = []
        for _ in 0..<400 {
            let action = Int.random(in: 0..<10, using: &random)
            let channel = channels.randomElement(using: &random) ?? ""
            let user = users.randomElement(using: &random) ?? ""
            if peers.count < 5 {
                peers.append(try await harness.connect(loop))
                continue
            }
            let index = Int.random(in: 0..<peers.count, using: &random)
            let peer = peers[index]
            if action == 0 { peers.remove(at: index) }
            try await harness.on(loop) { try perform(action, peer, $0, channel: channel, user: user) }
            if action == 9 { harness.hub.sweep(now: .now() + .seconds(Int64.random(in: 0...4, using: &random))) }
        }
        return peers
    }

    private static func perform(_ action: Int, _ peer: HubPeer, _ shard: HubShard, channel: String, user: String) throws
    {
        guard let subscriber = peer.subscriber else { return }
        let isSubscribed = shard.isSubscribed(subscriber, to: channel)
        switch action {
        case 0: peer.disconnect(shard)
        case 1..<6 where !isSubscribed: try peer.subscribe(shard, to: channel, user: user)
        case 6..<8 where isSubscribed:
            peer.unsubscribe(shard, from: channel)
            peer.mark(shard, "left \(channel)")
        case 8 where subscriber.userID == nil:
            peer.mark(shard, "signed in \(user)")
            peer.signIn(shard, as: user, watching: users)
        default: break
        }
    }

    /// Replays what a peer was told of each channel, from its snapshot on.
    private func checkMembership(_ peer: HubPeer, _ harness: HubHarness) {
        for channel in Self.channels {
            var members: Set<String>?
            for message in peer.messages {
                if message.event == "left \(channel)" { members = nil }
                guard message.channel == channel else { continue }
                switch message.event {
                case "pusher_internal:subscription_succeeded":
                    members = Set(message.ids)
                case "pusher_internal:member_added":
                    #expect(members?.insert(message.userID).inserted == true, "\(channel) +\(message.userID)")
                case "pusher_internal:member_removed":
                    #expect(members?.remove(message.userID) != nil, "\(channel) -\(message.userID)")
                default: break
                }
            }
            if let members {
                #expect(members == Set(harness.hub.userIDs(of: channel, app: harness.app)))
            }
        }
    }

    /// Replays what a signed-in peer was told of the users it watches: everybody's state, then changes only.
    private func checkWatchlist(_ peer: HubPeer, _ harness: HubHarness, isOnline: Set<String>) {
        var online: [String: Bool] = [:]
        for message in peer.messages where message.event == "pusher_internal:watchlist_events" {
            for (user, state) in message.watched {
                #expect(online[user] != state, "told twice that \(user) is \(state)")
                online[user] = state
            }
        }
        guard !peer.signedIn.isEmpty else { return }
        for user in Self.users {
            #expect(online[user] == isOnline.contains(user))
        }
    }

    private func checkEdges(_ texts: [String]) {
        for channel in Self.channels {
            let own = texts.filter { $0.hasPrefix(channel + " ") }
            expectAlternation(
                own.filter { $0.hasSuffix("occupied") || $0.hasSuffix("vacated") }.map { $0.hasSuffix("occupied") }
            )
            for user in Self.users {
                expectAlternation(
                    own.filter { $0 == "\(channel) +\(user)" || $0 == "\(channel) -\(user)" }.map { $0.contains("+") }
                )
            }
        }
    }

    private func expectAlternation(_ edges: [Bool]) {
        #expect(edges == edges.indices.map { $0 % 2 == 0 })
        #expect(edges.count % 2 == 0)
    }
}

extension HubPeer {
    /// Puts a mark between what the peer is sent, in its order.
    func mark(_ shard: HubShard, _ text: String) {
        guard let subscriber else { return }
        let frame = Array(text.utf8).withUnsafeBytes {
            ServerMessage.applicationEvent(
                escapedName: $0,
                channel: "",
                escapedData: UnsafeRawBufferPointer(start: nil, count: 0)
            )
        }
        shard.send(frame, to: subscriber)
    }

    /// The users that the peer has signed in as.
    fileprivate var signedIn: [String] {
        messages.map(\.event).filter { $0.hasPrefix("signed in ") }.map { String($0.dropFirst(10)) }
    }
}

extension HubPeer.Message {
    private var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any]) ?? [:]
    }

    var userID: String { object["user_id"] as? String ?? "" }

    var ids: [String] { (object["presence"] as? [String: Any])?["ids"] as? [String] ?? [] }

    fileprivate var watched: [(user: String, isOnline: Bool)] {
        (object["events"] as? [[String: Any]] ?? []).flatMap { event in
            (event["user_ids"] as? [String] ?? []).map { ($0, event["name"] as? String == "online") }
        }
    }
}
