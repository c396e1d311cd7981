import MemoryBackend
import NIOCore
import PusherProtocol
import ServerCore
import Synchronization
import TestSupport
import Testing

@testable import ChannelHub

/// Lets clients of three hubs come and go at random while nodes lose each other and the store forgets, and compares what
/// is left with what the clients did.
@Suite(.timeLimit(.minutes(3))) struct ClusterModelTests {
    private static let channels = ["presence-a", "presence-b"]
    private static let users = ["1", "2", "3", "4", "5"]

    /// A client and what it wants.
    private struct Client {
        var node: Int
        var peer: HubPeer
        /// Channel → user.
        var joined: [String: String] = [:]
    }

    @Test("after quiet, clients, nodes and webhooks agree with what happened", arguments: 0..<8)
    func converges(seed: Int) async throws {
        let cluster = try await ClusterHarness(isHasty: true)
        for node in cluster.nodes { node.queues.isOn.store(true, ordering: .relaxed) }
        var random = SeededGenerator(seed: UInt64(seed) + 100)
        var clients: [Client] = []
        var cut: Set<Int> = []
        for _ in 0..<250 {
            try await step(cluster, &clients, &random)
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                let node = Int.random(in: 0..<3, using: &random)
                // What is in the queue and not yet known to be is told again by whoever buries the node.
                try await cluster.holds("news are acknowledged") {
                    cut.contains(node) || !cluster.nodes[node].hub.directory.hasNews
                }
                cluster.nodes[node].cut()
                cut.insert(node)
            case 1..<4:
                guard let node = cut.popFirst() else { break }
                cluster.nodes[node].restore()
            case 4 where seed % 2 == 1 && cut.isEmpty:
                for node in cluster.nodes { node.cut() }
                cluster.cluster.forgetEverything()
                for node in cluster.nodes { node.restore(forgetting: true) }
            default:
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...8, using: &random)))
            }
        }
        for node in cut { cluster.nodes[node].restore() }
        // A store that forgets everything forgets who had left and was to be told so.
        try await check(cluster, clients, webhooks: seed % 2 == 0)
        try await cluster.stop()
    }

    private func step(
        _ cluster: ClusterHarness,
        _ clients: inout [Client],
        _ random: inout SeededGenerator
    ) async throws {
        guard clients.count >= 4, Int.random(in: 0..<6, using: &random) > 0 else {
            guard clients.count < 12 else { return }
            let node = Int.random(in: 0..<3, using: &random)
            let loop = Int.random(in: 0..<2, using: &random)
            clients.append(Client(node: node, peer: try await cluster.nodes[node].harness.connect(loop)))
            return
        }
        let index = Int.random(in: 0..<clients.count, using: &random)
        let node = cluster.nodes[clients[index].node]
        let peer = clients[index].peer
        let channel = Self.channels.randomElement(using: &random) ?? ""
        if Int.random(in: 0..<8, using: &random) == 0 {
            clients.remove(at: index)
            try await node.disconnect(peer)
        } else if clients[index].joined[channel] != nil {
            clients[index].joined[channel] = nil
            try await node.unsubscribe(peer, from: channel)
            // What came before belongs to the subscription that has ended.
            try await node.harness.on(peer.loop) { peer.mark($0, "left \(channel)") }
        } else {
            let user = Self.users.randomElement(using: &random) ?? ""
            clients[index].joined[channel] = user
            try await node.harness.on(peer.loop) { try peer.subscribe($0, to: channel, user: user) }
        }
    }

    private func check(_ cluster: ClusterHarness, _ clients: [Client], webhooks: Bool) async throws {
        for channel in Self.channels {
            let members = Set(clients.compactMap { $0.joined[channel] })
            let subscribed = clients.filter { $0.joined[channel] != nil }
            do {
                try await cluster.holds("the clients of \(channel) agree on \(members.sorted())") {
                    subscribed.allSatisfy { $0.peer.view(of: channel) == members }
                }
            } catch {
                let noted = try? await cluster.nodes[0].hub.sharedUserIDs(of: channel, app: cluster.nodes[0].app)
                Issue.record("the directory has \(noted ?? [])")
                for client in subscribed where client.peer.view(of: channel) != members {
                    let told = client.peer.messages.filter { $0.channel == channel || $0.event == "left \(channel)" }
                        .map { "\($0.event) \($0.data)" }
                    Issue.record("node \(client.node), \(client.joined[channel] ?? ""): \(told.suffix(12))")
                }
                throw error
            }
            for node in cluster.nodes {
                try await Eventually.holds("the directory agrees about \(channel)", within: .seconds(20)) {
                    let users = try? await node.hub.sharedUserIDs(of: channel, app: node.app)
                    let counts = try? await node.hub.sharedCounts(of: [channel], app: node.app)
                    return users.map(Set.init) == members && counts?.first?.subscriptions == subscribed.count
                }
            }
            guard webhooks else { continue }
            try await cluster.holds(
                "the webhooks agree about \(channel), \(members.sorted()): \(cluster.tally(channel))"
            ) {
                let texts = cluster.texts(of: channel)
                let told = texts.count { $0.hasSuffix(" occupied") } - texts.count { $0.hasSuffix(" vacated") }
                return told == (subscribed.isEmpty ? 0 : 1)
                    && Self.users.allSatisfy { user in
                        texts.count { $0.hasSuffix(" +\(user)") } - texts.count { $0.hasSuffix(" -\(user)") }
                            == (members.contains(user) ? 1 : 0)
                    }
            }
        }
    }
}

extension HubPeer {
    /// What the client knows of a presence channel since it joined it last; `nil` while it is not subscribed, or was told
    /// what contradicts what it knew.
    func view(of channel: String) -> Set<String>? {
        var users: Set<String>?
        for message in messages where message.channel == channel || message.event == "left \(channel)" {
            switch message.event {
            case "pusher_internal:subscription_succeeded": users = Set(message.ids)
            case "pusher_internal:member_added":
                guard users?.insert(message.userID).inserted ?? true else { return nil }
            case "pusher_internal:member_removed":
                guard users == nil || users?.remove(message.userID) != nil else { return nil }
            case "left \(channel)": users = nil
            default: break
            }
        }
        return users
    }
}
