import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

/// What directories of a cluster promise about topics.
@Suite("Every cluster directory", .timeLimit(.minutes(1)))
struct ClusterDirectoryConformance {
    private let nodes = (ClusterNode.random(), ClusterNode.random(), ClusterNode.random())

    private func member(_ userID: String, _ info: String? = nil) -> PresenceMember {
        PresenceMember(userID: userID, userInfo: info.map { Array($0.utf8) })
    }

    private func update(
        _ topic: ClusterTopic,
        _ node: ClusterNode,
        _ subscriptions: Int,
        joined: [PresenceMember] = []
    ) -> ClusterUpdate {
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = subscriptions
        update.joined = joined
        return update
    }

    @Test(
        "subscriptions of all nodes are added, and those of a node are asserted, not changed",
        arguments: ClusterFixture.Implementation.allCases
    )
    func counts(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        #expect(try await directory.counts(of: [topic]) == [ClusterCounts()])
        #expect(try await directory.update(update(topic, nodes.0, 3)).counts == ClusterCounts(subscriptions: 3))
        for _ in 0..<2 {
            let outcome = try await directory.update(update(topic, nodes.1, 4))
            #expect(outcome.counts == ClusterCounts(subscriptions: 7))
            #expect(outcome.accepted == 4)
            #expect(!outcome.isBuried)
        }
        #expect(try await directory.update(update(topic, nodes.0, 1)).counts.subscriptions == 5)
        let other = fixture.topic("other")
        #expect(
            try await directory.counts(of: [other, topic]) == [ClusterCounts(), ClusterCounts(subscriptions: 5)]
        )
        #expect(try await directory.update(update(topic, nodes.0, 0)).counts.subscriptions == 4)
        #expect(try await fixture.hasState(topic))
        #expect(try await directory.update(update(topic, nodes.1, 0)).counts.subscriptions == 0)
        #expect(try await !fixture.hasState(topic))
    }

    @Test(
        "a user's first and last connection in the cluster are told in messages, with versions that chain",
        arguments: ClusterFixture.Implementation.allCases
    )
    func memberMessages(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        let take = try fixture.listen(topic)
        let first = try await directory.update(update(topic, nodes.0, 1, joined: [member("é", #"{"a":"}"}"#)]))
        let repeated = try await directory.update(update(topic, nodes.0, 1, joined: [member("é", #"{"a":"}"}"#)]))
        #expect(repeated.version == first.version)
        let second = try await directory.update(update(topic, nodes.1, 1, joined: [member("é"), member("b")]))
        #expect(second.counts == ClusterCounts(subscriptions: 2, users: 2))
        var leaving = update(topic, nodes.0, 0)
        leaving.left = [ClusterUpdate.Departure(userID: "é", isBroken: true)]
        #expect(try await directory.update(leaving).version == second.version)
        leaving = update(topic, nodes.1, 1)
        leaving.left = [ClusterUpdate.Departure(userID: "é", isBroken: false)]
        let last = try await directory.update(leaving)
        #expect(last.counts == ClusterCounts(subscriptions: 1, users: 1))
        #expect(
            try await take().map { ClusterMessage($0) } == [
                .memberAdded(member("é", #"{"a":"}"}"#), ClusterVersion(current: first.version, previous: 0)),
                .memberAdded(member("b"), ClusterVersion(current: second.version, previous: first.version)),
                .memberRemoved(userID: "é", ClusterVersion(current: last.version, previous: second.version)),
            ]
        )
        #expect(first.version < second.version && second.version < last.version)
    }

    @Test("counts are told when the app asks for them", arguments: ClusterFixture.Implementation.allCases)
    func countMessages(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let topic = fixture.topic("room")
        let take = try fixture.listen(topic)
        func counts(_ telling: ClusterUpdate.Telling, _ asserted: [Int]) async throws -> [Int] {
            for subscriptions in asserted {
                var update = update(topic, nodes.0, subscriptions)
                update.telling = telling
                _ = try await fixture.directory.update(update)
            }
            return try await take().compactMap { bytes in
                guard case .subscriptionCount(let count, _) = ClusterMessage(bytes) else { return -1 }
                return count
            }
        }
        #expect(try await counts([], [1, 0, 2, 0]) == [])
        #expect(try await counts(.counts, [1, 1, 3, 2, 0, 0]) == [1, 3, 2, 0])
        #expect(try await counts(.edges, [2, 1, 5, 0, 1, 0]) == [2, 0, 1, 0])
    }

    @Test("a snapshot has the newest info of every member", arguments: ClusterFixture.Implementation.allCases)
    func members(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        func members(_ update: ClusterUpdate) async throws -> [String: String] {
            var update = update
            update.wantsMembers = true
            let members = try #require(try await directory.update(update).members)
            #expect(Set(try await directory.userIDs(of: topic)) == Set(members.map(\.userID)))
            #expect(members.count == Set(members.map(\.userID)).count)
            return members.reduce(into: [:]) { all, member in
                all[member.userID] = member.userInfo.map { String(decoding: $0, as: UTF8.self) } ?? "none"
            }
        }
        #expect(try await directory.userIDs(of: topic) == [])
        #expect(try await directory.update(update(topic, nodes.0, 1)).members == nil)
        #expect(try await members(update(topic, nodes.0, 1, joined: [member("a b", "1 2\n3")])) == ["a b": "1 2\n3"])
        let second = update(topic, nodes.1, 1, joined: [member("a b", "4"), member("")])
        #expect(try await members(second) == ["a b": "4", "": "none"])
        // What a node has noted already is not newer.
        let again = update(topic, nodes.0, 1, joined: [member("a b", "1 2\n3")])
        #expect(try await members(again) == ["a b": "4", "": "none"])
        let changed = update(topic, nodes.0, 1, joined: [member("a b", "5")])
        #expect(try await members(changed) == ["a b": "5", "": "none"])
    }

    @Test("who leaves and joins in one update has not left", arguments: ClusterFixture.Implementation.allCases)
    func both(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, 1, joined: [member("a")]))
        let take = try fixture.listen(topic)
        var both = update(topic, nodes.0, 1, joined: [member("a")])
        both.left = [ClusterUpdate.Departure(userID: "a", isBroken: false)]
        both.telling = [.memberNews, .occupancyNews]
        let outcome = try await directory.update(both)
        #expect(outcome.counts == ClusterCounts(subscriptions: 1, users: 1))
        #expect(outcome.news == [])
        #expect(try await take() == [])
    }

    @Test("a whole assertion removes whom it does not name", arguments: ClusterFixture.Implementation.allCases)
    func whole(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        _ = try await directory.update(update(topic, nodes.0, 3, joined: ["a", "b", "c"].map { member($0) }))
        _ = try await directory.update(update(topic, nodes.1, 1, joined: [member("b")]))
        let take = try fixture.listen(topic)
        var whole = update(topic, nodes.0, 2, joined: [member("c"), member("d")])
        whole.isWhole = true
        whole.wantsMembers = true
        let outcome = try await directory.update(whole)
        #expect(outcome.counts == ClusterCounts(subscriptions: 3, users: 3))
        #expect(Set(outcome.members?.map(\.userID) ?? []) == ["b", "c", "d"])
        #expect(
            try await take().map { bytes in
                switch ClusterMessage(bytes) {
                case .memberAdded(let member, _): "+" + member.userID
                case .memberRemoved(let userID, _): "-" + userID
                default: "?"
                }
            } == ["-a", "+d"]
        )
    }

    @Test("a full channel lets in who is there already", arguments: ClusterFixture.Implementation.allCases)
    func memberLimit(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic())
        var first = update(topic, nodes.0, 3, joined: ["a", "b", "c"].map { member($0) })
        first.memberLimit = 2
        #expect(try await directory.update(first).refused == ["c"])
        var second = update(topic, nodes.1, 2, joined: ["c", "b"].map { member($0) })
        second.memberLimit = 2
        let outcome = try await directory.update(second)
        #expect(outcome.refused == ["c"])
        #expect(outcome.counts.users == 2)
        // Those who leave make room in the same step.
        var third = update(topic, nodes.0, 1, joined: [member("c")])
        third.left = [ClusterUpdate.Departure(userID: "a", isBroken: false)]
        third.memberLimit = 2
        #expect(try await directory.update(third).refused == [])
        #expect(Set(try await directory.userIDs(of: topic)) == ["b", "c"])
    }

    @Test(
        "a limit of subscriptions is shared, and throws nobody out",
        arguments: ClusterFixture.Implementation.allCases
    )
    func subscriptionLimit(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let (directory, topic) = (fixture.directory, fixture.topic("", .app))
        func accepted(_ node: ClusterNode, _ wanted: Int, limit: Int) async throws -> Int {
            var update = update(topic, node, wanted)
            update.subscriptionLimit = limit
            return try await directory.update(update).accepted
        }
        #expect(try await accepted(nodes.0, 4, limit: 5) == 4)
        #expect(try await accepted(nodes.1, 3, limit: 5) == 1)
        #expect(try await accepted(nodes.2, 1, limit: 5) == 0)
        #expect(try await accepted(nodes.0, 6, limit: 3) == 4)
        #expect(try await accepted(nodes.0, 3, limit: 3) == 3)
        #expect(try await accepted(nodes.0, 4, limit: 3) == 3)
        #expect(try await accepted(nodes.1, 0, limit: 3) == 0)
        #expect(try await accepted(nodes.2, 9, limit: 0) == 9)
        #expect(try await directory.counts(of: [topic]) == [ClusterCounts(subscriptions: 12)])
    }

    @Test("ten thousand topics are counted in a moment", arguments: ClusterFixture.Implementation.allCases)
    func manyCounts(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let topics = (0..<10_000).map { fixture.topic("room-\($0)") }
        for index in [0, 5_000, 9_999] {
            _ = try await fixture.directory.update(update(topics[index], nodes.0, index + 1))
        }
        let clock = ContinuousClock()
        let start = clock.now
        let counts = try await fixture.directory.counts(of: topics)
        #expect(start.duration(to: clock.now) < .seconds(20))
        #expect(counts.count == 10_000)
        #expect(counts.map(\.subscriptions).enumerated().filter { $0.element > 0 }.map(\.offset) == [0, 5_000, 9_999])
        #expect(counts[9_999].subscriptions == 10_000)
    }
}
