import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

/// What directories and transports of one cluster promise together.
@Suite("Every cluster directory with its transport", .timeLimit(.minutes(1)))
struct ClusterRetentionConformance {
    private let node = ClusterNode.random()

    /// A node's part of a cache channel, asked with everything.
    private func update(_ topic: ClusterTopic, _ subscriptions: Int, _ userIDs: String...) -> ClusterUpdate {
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = subscriptions
        update.joined = userIDs.map { PresenceMember(userID: $0, userInfo: nil) }
        update.isWhole = true
        update.wantsRetained = subscriptions > 0
        update.telling = [.missNews]
        update.acknowledged = .max >> 11
        return update
    }

    private func text(_ value: RetainedValue?) -> String? {
        value.map { String(buffer: $0.bytes) }
    }

    @Test(
        "what an event keeps is in the next snapshot, which has the event's version",
        arguments: ClusterFixture.Implementation.allCases
    )
    func snapshot(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic("cache-room"))
        try await TransportNode.run(1, make: fixture.transport) { nodes in
            await nodes[0].subscribe(topic)
            let miss = try await directory.update(update(topic, 1))
            #expect(miss.news.map(\.content) == [.cacheMiss])
            #expect(miss.retained == nil)
            #expect(miss.version > 0)
            let event = nodes[0].publish(on: topic, retaining: .seconds(60))
            await nodes[0].witness.wait { $0.messageCount >= 1 }
            let hit = try await directory.update(update(topic, 2))
            #expect(hit.news == [])
            #expect(text(hit.retained) == "kept 1")
            #expect((.seconds(40)...Duration.seconds(60)).contains(try #require(hit.retained).remaining))
            #expect(text(try await directory.retained(by: topic)) == "kept 1")
            let version = ClusterVersion(current: hit.version, previous: miss.version)
            #expect(nodes[0].witness.account.messages[topic] == [ClusterMessage.retained(event, version).encoded])
            // One that is over is missed again.
            nodes[0].publish(on: topic, retaining: .milliseconds(100))
            await nodes[0].witness.wait { $0.messageCount >= 2 }
            try await fixture.pass(.milliseconds(100))
            #expect(try await directory.retained(by: topic) == nil)
            #expect(try await directory.update(update(topic, 1)).news.map(\.content) == [.cacheMiss])
            #expect(try await directory.update(update(topic, 2)).news == [])
            _ = try await directory.update(update(topic, 0))
            #expect(try await !fixture.hasState(topic))
        }
    }

    @Test(
        "events that are kept and changes of who is there have one chain of versions",
        arguments: ClusterFixture.Implementation.allCases
    )
    func chain(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic("presence-cache-room"))
        try await TransportNode.run(1, make: fixture.transport) { nodes in
            await nodes[0].subscribe(topic)
            for round in 0..<20 {
                // The first value comes before anybody is there.
                nodes[0].publish(on: topic, retaining: .seconds(60))
                await nodes[0].witness.wait { $0.messageCount >= 3 * round + 1 }
                _ = try await directory.update(update(topic, 1, "a", "\(round)"))
                await nodes[0].witness.wait { $0.messageCount >= 3 * round + 3 }
            }
            let versions = (nodes[0].witness.account.messages[topic] ?? []).compactMap { bytes in
                switch ClusterMessage(bytes) {
                case .retained(_, let version), .memberAdded(_, let version), .memberRemoved(_, let version): version
                default: nil as ClusterVersion?
                }
            }
            #expect(versions.count == 60)
            #expect(versions.first?.previous == 0)
            #expect(zip(versions, versions.dropFirst()).allSatisfy { $0.current == $1.previous })
            #expect(versions.allSatisfy { $0.current > $0.previous })
        }
    }

    @Test("a value is kept for those who come later", arguments: ClusterFixture.Implementation.allCases)
    func early(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic("cache-room"))
        try await TransportNode.run(1, make: fixture.transport) { nodes in
            await nodes[0].subscribe(topic)
            nodes[0].publish(on: topic, retaining: .seconds(60))
            await nodes[0].witness.wait { $0.messageCount >= 1 }
            let message = try #require(nodes[0].witness.account.messages[topic]?.first)
            guard case .retained(_, let version) = ClusterMessage(message) else {
                Issue.record("what was kept did not arrive")
                return
            }
            for _ in 0..<2 {
                let outcome = try await directory.update(update(topic, 1))
                #expect(outcome.news == [])
                #expect(text(outcome.retained) == "kept 1")
                #expect(outcome.version >= version.current)
                #expect(try await fixture.hasState(topic))
                _ = try await directory.update(update(topic, 0))
                #expect(try await !fixture.hasState(topic))
            }
        }
    }
}
