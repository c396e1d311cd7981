import PusherProtocol
import ServerCore
import TestSupport
import Testing

/// What directories of a cluster promise about news for webhooks.
@Suite("Every cluster directory's news", .timeLimit(.minutes(1)))
struct ClusterNewsConformance {
    private static let grace = Duration.seconds(2)
    private let nodes = (ClusterNode.random(), ClusterNode.random(), ClusterNode.random())

    /// An update with everything told, as a node makes it.
    private func update(
        _ topic: ClusterTopic,
        _ node: ClusterNode,
        joined: [String] = [],
        left: [String] = [],
        isBroken: Bool = false
    ) -> ClusterUpdate {
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = joined.count
        update.joined = joined.map { PresenceMember(userID: $0, userInfo: nil) }
        update.left = left.map { ClusterUpdate.Departure(userID: $0, isBroken: isBroken) }
        update.isBroken = isBroken
        update.telling = [.occupancyNews, .memberNews]
        update.gracePeriod = Self.grace
        return update
    }

    private func contents(_ outcome: ClusterOutcome) -> [ClusterNews.Content] {
        outcome.news.map(\.content)
    }

    /// Asks what has settled.
    private func settle(
        _ fixture: ClusterFixture,
        _ topic: ClusterTopic,
        acknowledged: UInt64 = 0
    ) async throws -> ClusterOutcome {
        var settling = ClusterUpdate(topic, node: nodes.2)
        settling.settles = true
        settling.acknowledged = acknowledged
        return try await fixture.directory.update(settling)
    }

    @Test(
        "first and last subscribers and connections of users are told once, whatever nodes they are on",
        arguments: ClusterFixture.Implementation.allCases
    )
    func edges(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let first = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        #expect(contents(first) == [.occupied, .memberAdded(userID: "a")])
        let second = try await directory.update(update(topic, nodes.1, joined: ["a", "b"]))
        #expect(contents(second) == [.memberAdded(userID: "b")])
        var leaving = update(topic, nodes.0, left: ["a"])
        leaving.acknowledged = first.news.last?.number ?? 0
        #expect(contents(try await directory.update(leaving)) == [])
        leaving = update(topic, nodes.1, left: ["a", "b"])
        leaving.acknowledged = second.news.last?.number ?? 0
        let last = try await directory.update(leaving)
        #expect(contents(last) == [.memberRemoved(userID: "a"), .memberRemoved(userID: "b"), .vacated])
        #expect(last.settlesIn == nil)
        let numbers = (first.news + second.news + last.news).map(\.number)
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    }

    @Test(
        "what a store forgot and is told again is no news, and its end is",
        arguments: ClusterFixture.Implementation.allCases
    )
    func restoration(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        var again = update(topic, nodes.0, joined: ["a", "b"])
        again.isWhole = true
        again.wasNoted = true
        again.known = ["a"]
        #expect(contents(try await directory.update(again)) == [.memberAdded(userID: "b")])
        let last = try await directory.update(update(topic, nodes.0, left: ["a", "b"]))
        #expect(Set(contents(last).map { "\($0)" }).count == 4)
        #expect(contents(last).last == .vacated)
        #expect(!contents(last).contains(.occupied))
    }

    @Test(
        "who left while a store forgot everything is told to have left, unless another node has the user",
        arguments: ClusterFixture.Implementation.allCases
    )
    func forgottenDepartures(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        var leaving = update(topic, nodes.0, left: ["a", "b", "stranger"])
        leaving.wasNoted = true
        leaving.known = ["a", "b"]
        leaving.seen = 1
        let outcome = try await directory.update(leaving)
        #expect(outcome.hasForgotten)
        #expect(contents(outcome) == [])
        #expect(try #require(outcome.settlesIn) > .seconds(2))
        var staying = update(topic, nodes.1, joined: ["b"])
        staying.wasNoted = true
        staying.known = ["b"]
        staying.seen = 1
        #expect(contents(try await directory.update(staying)) == [])
        // Neither a second time, nor before its time.
        leaving.seen = outcome.version
        #expect(try await !directory.update(leaving).hasForgotten)
        #expect(contents(try await settle(fixture, topic)) == [])
        try await fixture.pass(ClusterUpdate.forgottenGrace)
        #expect(contents(try await settle(fixture, topic)) == [.memberRemoved(userID: "a")])
    }

    @Test(
        "a channel that was left while a store forgot everything is told to be vacated",
        arguments: ClusterFixture.Implementation.allCases
    )
    func forgottenVacancy(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        var leaving = update(topic, nodes.0, left: ["a"])
        leaving.wasNoted = true
        leaving.known = ["a"]
        leaving.seen = 1
        #expect(contents(try await directory.update(leaving)) == [])
        try await fixture.pass(ClusterUpdate.forgottenGrace)
        #expect(contents(try await settle(fixture, topic)) == [.memberRemoved(userID: "a"), .vacated])
        // What ended was not forgotten.
        var settling = ClusterUpdate(topic, node: nodes.2)
        settling.settles = true
        settling.seen = try await directory.update(settling).version
        settling.acknowledged = settling.seen
        let end = try await fixture.directory.update(settling)
        leaving.seen = max(end.version, settling.seen)
        #expect(try await directory.update(leaving).settlesIn == nil)
        // Somebody who is back before is no news.
        let other = fixture.topic("presence-other")
        var gone = ClusterUpdate(other, node: nodes.0)
        gone.telling = leaving.telling
        gone.seen = 1
        gone.wasLeft = true
        #expect(try await directory.update(gone).settlesIn != nil)
        #expect(contents(try await directory.update(update(other, nodes.1))) == [])
    }

    @Test("news come again until they are acknowledged", arguments: ClusterFixture.Implementation.allCases)
    func acknowledgement(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let first = try await directory.update(update(topic, nodes.0, joined: ["a", "b"]))
        try #require(first.news.count == 3)
        #expect(try await directory.update(update(topic, nodes.0, joined: ["a", "b"])).news == first.news)
        #expect(try await directory.update(update(topic, nodes.1, joined: ["a"])).news == [])
        var next = update(topic, nodes.0, joined: ["a", "b"])
        next.acknowledged = first.news[1].number
        #expect(try await directory.update(next).news == [first.news[2]])
        // Everybody leaves; the state stays until all was heard.
        var last = update(topic, nodes.1, left: ["a"])
        #expect(try await directory.update(last).news == [])
        last = update(topic, nodes.0, left: ["a", "b"])
        last.acknowledged = first.news[2].number
        let rest = try await directory.update(last).news
        try #require(rest.count == 3)
        #expect(rest[0].number > first.news[2].number)
        #expect(try await fixture.hasState(topic))
        last.acknowledged = rest[2].number
        #expect(try await directory.update(last).news == [])
        #expect(try await !fixture.hasState(topic))
        let again = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        #expect(again.news.first.map { $0.number > rest[2].number } == true)
    }

    @Test(
        "who comes back before the grace period is over was never away",
        arguments: ClusterFixture.Implementation.allCases
    )
    func comingBack(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let first = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        var broken = update(topic, nodes.0, left: ["a"], isBroken: true)
        broken.acknowledged = first.news[1].number
        let gone = try await directory.update(broken)
        #expect(gone.news == [])
        #expect(gone.counts == ClusterCounts())
        #expect((.zero...Self.grace).contains(try #require(gone.settlesIn)))
        #expect(contents(try await settle(fixture, topic)) == [])
        let back = try await directory.update(update(topic, nodes.1, joined: ["a"]))
        #expect(back.news == [])
        #expect(back.settlesIn == nil)
        try await fixture.pass(Self.grace)
        #expect(contents(try await settle(fixture, topic)) == [])
        let left = try await directory.update(update(topic, nodes.1, left: ["a"]))
        #expect(contents(left) == [.memberRemoved(userID: "a"), .vacated])
    }

    @Test("who does not come back is told after the grace period", arguments: ClusterFixture.Implementation.allCases)
    func settling(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, joined: ["a", "b"]))
        var broken = update(topic, nodes.0, left: ["a", "b"], isBroken: true)
        broken.acknowledged = .max >> 11
        #expect(try await directory.update(broken).news == [])
        try await fixture.pass(Self.grace)
        let settled = try await settle(fixture, topic)
        #expect(
            contents(settled) == [.memberRemoved(userID: "a"), .memberRemoved(userID: "b"), .vacated]
        )
        #expect(settled.settlesIn == nil)
        let end = try await settle(fixture, topic, acknowledged: settled.news[2].number)
        #expect(end.news == [])
        #expect(try await !fixture.hasState(topic))
    }

    @Test(
        "a channel is not told as vacated before everybody who left it",
        arguments: ClusterFixture.Implementation.allCases
    )
    func order(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        _ = try await directory.update(update(topic, nodes.1, joined: ["b"]))
        var broken = update(topic, nodes.0, left: ["a"], isBroken: true)
        broken.acknowledged = .max >> 11
        #expect(try await directory.update(broken).news == [])
        var graceful = update(topic, nodes.1, left: ["b"])
        graceful.acknowledged = .max >> 11
        let outcome = try await directory.update(graceful)
        #expect(contents(outcome) == [.memberRemoved(userID: "b")])
        #expect(outcome.settlesIn != nil)
        try await fixture.pass(Self.grace)
        #expect(contents(try await settle(fixture, topic)) == [.memberRemoved(userID: "a"), .vacated])
    }

    @Test(
        "without a grace period broken departures are told at once",
        arguments: ClusterFixture.Implementation.allCases
    )
    func noGrace(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let first = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        var broken = update(topic, nodes.0, left: ["a"], isBroken: true)
        broken.gracePeriod = .zero
        broken.acknowledged = first.news[1].number
        #expect(contents(try await directory.update(broken)) == [.memberRemoved(userID: "a"), .vacated])
    }

    @Test(
        "what was told is balanced when the app stops listening, and what was not told is not",
        arguments: ClusterFixture.Implementation.allCases
    )
    func balance(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        var silent = update(topic, nodes.1, joined: ["b"])
        silent.telling = []
        #expect(try await directory.update(silent).news == [])
        silent = update(topic, nodes.1, left: ["b"])
        silent.telling = []
        #expect(try await directory.update(silent).news == [])
        var leaving = update(topic, nodes.0, left: ["a"])
        leaving.telling = []
        leaving.acknowledged = .max >> 11
        #expect(contents(try await directory.update(leaving)) == [.memberRemoved(userID: "a"), .vacated])
    }

    @Test(
        "a missing value is told once while the channel is occupied",
        arguments: ClusterFixture.Implementation.allCases
    )
    func misses(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic("cache-room"))
        func join(_ subscriptions: Int) async throws -> ClusterOutcome {
            var update = ClusterUpdate(topic, node: nodes.0)
            update.subscriptions = subscriptions
            update.wantsRetained = subscriptions > 0
            update.telling = [.missNews]
            update.acknowledged = .max >> 11
            return try await directory.update(update)
        }
        #expect(try await directory.retained(by: topic) == nil)
        #expect(contents(try await join(1)) == [.cacheMiss])
        #expect(contents(try await join(2)) == [])
        #expect(contents(try await join(0)) == [])
        #expect(try await !fixture.hasState(topic))
        #expect(contents(try await join(1)) == [.cacheMiss])
    }

    @Test("a burial takes over what the buried node had to tell", arguments: ClusterFixture.Implementation.allCases)
    func burial(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let survivor = try await directory.update(update(topic, nodes.1, joined: ["b"]))
        let dead = try await directory.update(update(topic, nodes.0, joined: ["a", "b"]))
        #expect(contents(dead) == [.memberAdded(userID: "a")])
        var burial = update(topic, nodes.0, isBroken: true)
        burial.reporter = nodes.1
        burial.isWhole = true
        burial.acknowledged = survivor.news[1].number
        let outcome = try await directory.update(burial)
        #expect(!outcome.isBuried)
        #expect(contents(outcome) == [.memberAdded(userID: "a")])
        // An acknowledgement of what the survivor had itself must not mean what it took over.
        #expect(outcome.news[0].number > survivor.news[1].number)
        #expect(outcome.counts == ClusterCounts(subscriptions: 1, users: 1))
        #expect(try await directory.update(burial).news == outcome.news)
        try await fixture.pass(Self.grace)
        burial.settles = true
        burial.acknowledged = outcome.news[0].number
        #expect(contents(try await directory.update(burial)) == [.memberRemoved(userID: "a")])
    }

    @Test("nothing is written under the name of a buried node", arguments: ClusterFixture.Implementation.allCases)
    func buried(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, joined: ["a"]))
        var burial = ClusterUpdate(topic, node: nodes.0)
        burial.reporter = nodes.1
        // Whatever a burial asserts, the buried node has nothing.
        burial.subscriptions = 5
        burial.joined = [PresenceMember(userID: "z", userInfo: nil)]
        burial.acknowledged = .max >> 11
        #expect(try await directory.update(burial).counts == ClusterCounts())
        let take = try fixture.listen(topic)
        for _ in 0..<2 {
            let zombie = try await directory.update(update(topic, nodes.0, joined: ["a"]))
            #expect(zombie.isBuried)
            #expect(zombie.counts == ClusterCounts())
        }
        #expect(try await take() == [])
        #expect(try await directory.counts(of: [topic]) == [ClusterCounts()])
        #expect(try await !directory.update(update(topic, nodes.2, joined: ["a"])).isBuried)
    }
}
