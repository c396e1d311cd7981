import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

/// Random lives of a cluster, each step compared with a model.
@Suite("Every cluster directory, at random", .timeLimit(.minutes(3)))
struct ClusterModelConformance {
    private static let userIDs = ["a", "b", "c", "d", "e"]

    /// A cluster of three nodes that do something at random, one after another.
    private struct Life {
        let fixture: ClusterFixture
        let topics: [ClusterTopic]
        let takes: [@Sendable () async throws -> [ByteBuffer]]
        var models: [ClusterModel]
        var nodes: [ClusterNode]
        var random: SeededGenerator

        init(_ fixture: ClusterFixture, seed: UInt64) async throws {
            self.fixture = fixture
            let topics = (0..<3).map { fixture.topic("presence-\($0)") }
            self.topics = topics
            takes = try topics.map { try fixture.listen($0) }
            models = topics.map { _ in ClusterModel() }
            nodes = (0..<3).map { _ in .random() }
            random = SeededGenerator(seed: seed)
            for node in nodes { _ = try await fixture.directory.renewLease(of: node, lasting: .seconds(600)) }
        }

        /// Makes an update and checks it against the model of its topic.
        mutating func make(_ update: ClusterUpdate, _ index: Int) async throws {
            var update = update
            update.telling = [.occupancyNews, .memberNews, .counts]
            update.wantsMembers = true
            let outcome = try await fixture.directory.update(update)
            let messages = try await takes[index]().map { ClusterMessage($0) }
            models[index].check(update, outcome, messages)
            #expect(try await fixture.directory.counts(of: [topics[index]]) == [models[index].counts])
        }

        /// An update of a node's part with everything at random.
        mutating func randomUpdate(_ index: Int) -> ClusterUpdate {
            let node = nodes[Int.random(in: 0..<3, using: &random)]
            let mine = models[index].parts[node] ?? ClusterModel.Part()
            var update = ClusterUpdate(topics[index], node: node)
            let joined = ClusterModelConformance.userIDs.shuffled(using: &random).prefix(
                .random(in: 0...2, using: &random)
            )
            let info = Array("\(Int.random(in: 0..<100, using: &random))".utf8)
            update.joined = joined.map { PresenceMember(userID: $0, userInfo: info) }
            update.left = mine.members.sorted().filter { _ in Int.random(in: 0..<3, using: &random) > 0 }.map {
                ClusterUpdate.Departure(userID: $0, isBroken: .random(using: &random))
            }
            update.isWhole = Int.random(in: 0..<6, using: &random) == 0
            update.isBroken = .random(using: &random)
            update.settles = Int.random(in: 0..<4, using: &random) == 0
            update.gracePeriod = .milliseconds(30 * .random(in: 0...2, using: &random))
            update.memberLimit = Bool.random(using: &random) ? 3 : 0
            update.subscriptions = max(0, .random(in: -2...3, using: &random))
            update.acknowledged = models[index].unread[node]?.randomElement(using: &random)?.number ?? 0
            return update
        }

        /// Goes on with one node in place of another that died without a word, as survivors do.
        mutating func replaceOne() async throws {
            let position = Int.random(in: 0..<3, using: &random)
            let (dead, survivor) = (nodes[position], nodes[(position + 1) % 3])
            let directory = fixture.directory
            try await directory.endLease(of: dead)
            #expect(try await directory.bury(dead, by: survivor, lasting: .seconds(60)))
            #expect(try await directory.record(topics, of: survivor))
            for topic in try await directory.recordedTopics(of: dead, after: nil, limit: 10) {
                let index = try #require(topics.firstIndex(of: topic))
                var burial = ClusterUpdate(topic, node: dead)
                burial.reporter = survivor
                burial.isWhole = true
                burial.isBroken = true
                burial.gracePeriod = .milliseconds(30)
                try await make(burial, index)
                #expect(try await directory.update(ClusterUpdate(topic, node: dead)).isBuried)
            }
            try await directory.forget(dead)
            nodes[position] = .random()
            _ = try await directory.renewLease(of: nodes[position], lasting: .seconds(600))
        }

        mutating func step() async throws {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: try await replaceOne()
            case 1: try await fixture.pass(.milliseconds(30))
            default:
                let index = Int.random(in: 0..<3, using: &random)
                let update = randomUpdate(index)
                #expect(try await fixture.directory.record([update.topic], of: update.node))
                try await make(update, index)
            }
        }

        /// Everybody leaves, what waits is told, and what was told is acknowledged.
        mutating func end() async throws {
            for (index, topic) in topics.enumerated() {
                for node in nodes {
                    var leaving = ClusterUpdate(topic, node: node)
                    leaving.isWhole = true
                    try await make(leaving, index)
                }
            }
            try await fixture.pass(.milliseconds(60))
            for (index, topic) in topics.enumerated() {
                for settles in [true, false] {
                    for node in nodes {
                        var last = ClusterUpdate(topic, node: node)
                        last.settles = settles
                        last.acknowledged = models[index].unread[node]?.last?.number ?? 0
                        try await make(last, index)
                    }
                }
                #expect(models[index].isBalanced)
                #expect(try await !fixture.hasState(topic))
            }
            for node in nodes { try await fixture.directory.erase(topics, of: node) }
            #expect(try await fixture.directory.channels(appID: fixture.appID, prefix: "") == [])
            #expect(Set(try await fixture.directory.nodes().map(\.node)) == Set(nodes))
        }
    }

    @Test(
        "members, counts, messages and news agree with the truth at every step, and nothing is left at the end",
        arguments: ClusterFixture.Implementation.allCases,
        [1, 2, 3, 4]
    )
    func life(implementation: ClusterFixture.Implementation, seed: UInt64) async throws {
        var life = try await Life(try await implementation.make(), seed: seed)
        for _ in 0..<300 { try await life.step() }
        try await life.end()
    }
}
