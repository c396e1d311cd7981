import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

/// What the directory on Redis promises beyond the suites that it shares with the one in memory.
@Suite(
    "A cluster's directory on Redis",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(1))
)
struct RedisDirectoryTests {
    private let node = ClusterNode.random()
    private let other = ClusterNode.random()

    private func directory(
        _ server: RedisServer,
        _ change: (inout RedisDirectoryOptions) -> Void = { _ in }
    ) throws -> RedisClusterDirectory {
        var options = RedisDirectoryOptions()
        options.prefix = TestRedis.prefix() + ":"
        change(&options)
        return RedisClusterDirectory(client: try TestRedis.client(port: server.port), options: options)
    }

    /// The keys of a server, in order.
    private static func keys(at server: RedisServer) throws -> [String] {
        try server.control("KEYS", "*").split(separator: "\n").map(String.init).sorted()
    }

    @Test("all keys of a call are in one slot, whatever the names are", arguments: 0..<200)
    func slots(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabet = Array("{}%/:ab é\n")
        let texts = (0..<2).map { _ in
            String(
                (0..<Int.random(in: 0...8, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "{" }
            )
        }
        let kind = ClusterTopic.Kind.allCases[seed % 3]
        let topic = ClusterTopic(kind, appID: texts[0], name: texts[1])
        let keys = RedisTopicKeys(topic, prefix: "martlet_adapter:")
        let all = keys.forUpdate(of: node, by: other) + [keys.messages]
        #expect(Set(all).count == all.count)
        #expect(Set(all.map { HashSlot.of(Array($0.utf8)) }).count == 1)
        let own = RedisNodeKeys(node, prefix: "martlet_adapter:")
        let nodeKeys = [own.lease, own.topics, own.tombstone, own.burial]
        #expect(Set(nodeKeys).count == 4)
        #expect(Set(nodeKeys.map { HashSlot.of(Array($0.utf8)) }).count == 1)
    }

    @Test("after a channel's life Redis holds no key of it")
    func nothingIsLeft() async throws {
        let server = try await RedisServer.start()
        let directory = try directory(server)
        let topic = ClusterTopic(.channel, appID: "a", name: "presence-cache-x")
        _ = try await directory.renewLease(of: node, lasting: .seconds(60))
        #expect(try await directory.record([topic], of: node))
        var update = ClusterUpdate(topic, node: node)
        update.telling = [.occupancyNews, .memberNews, .missNews, .counts]
        update.subscriptions = 2
        update.joined = ["a", "b"].map { PresenceMember(userID: $0, userInfo: [1, 2]) }
        update.wantsRetained = true
        let joined = try await directory.update(update)
        #expect(joined.news.count == 4)
        #expect(try server.control("DBSIZE") != "3")
        update.joined = []
        update.isWhole = true
        update.subscriptions = 0
        update.wantsRetained = false
        update.acknowledged = joined.news[3].number
        let left = try await directory.update(update)
        #expect(left.news.count == 3)
        update.acknowledged = left.news[2].number
        #expect(try await directory.update(update).news == [])
        try await directory.erase([topic], of: node)
        try await directory.endLease(of: node)
        let keys = RedisTopicKeys(topic, prefix: directory.options.prefix)
        #expect(try Self.keys(at: server) == ["\(directory.options.prefix)nodes", keys.state])
        // What ended is not taken for what was forgotten while anybody may remember it.
        #expect((1...60_000).contains(Int(try server.control("PTTL", keys.state)) ?? 0))
        try server.control("DEL", keys.state)
        #expect(try await directory.bury(node, by: other, lasting: .seconds(60)))
        try await directory.forget(node)
        let tombstone = RedisNodeKeys(node, prefix: directory.options.prefix).tombstone
        #expect(try server.control("KEYS", "*") == tombstone)
        #expect((600_000...1_800_000).contains(Int(try server.control("PTTL", tombstone)) ?? 0))
    }

    @Test("a tombstone goes by itself")
    func tombstones() async throws {
        let server = try await RedisServer.start()
        let directory = try directory(server) { $0.tombstoneLifetime = .seconds(3) }
        let topic = ClusterTopic(.channel, appID: "a", name: "b")
        var burial = ClusterUpdate(topic, node: node)
        burial.reporter = other
        #expect(try await directory.update(burial).isBuried == false)
        #expect(try await directory.update(ClusterUpdate(topic, node: node)).isBuried)
        try await Eventually.holds("the tombstone is gone", within: .seconds(20)) {
            server.tryControl("DBSIZE") == "0"
        }
    }

    @Test("a survivor that was itself given up buries nobody")
    func buriedSurvivor() async throws {
        let directory = try directory(try await RedisServer.shared.get())
        let topic = ClusterTopic(.channel, appID: "a", name: "b")
        var joining = ClusterUpdate(topic, node: node)
        joining.subscriptions = 1
        _ = try await directory.update(joining)
        var burial = ClusterUpdate(topic, node: other)
        burial.reporter = .random()
        _ = try await directory.update(burial)
        burial = ClusterUpdate(topic, node: node)
        burial.reporter = other
        #expect(try await directory.update(burial).isBuried)
        #expect(try await directory.counts(of: [topic]) == [ClusterCounts(subscriptions: 1)])
    }

    @Test("a server that does not know the scripts any more is told them again")
    func scriptsForgotten() async throws {
        let server = try await RedisServer.start()
        let directory = try directory(server)
        var update = ClusterUpdate(ClusterTopic(.channel, appID: "a", name: "b"), node: node)
        for subscriptions in 1...3 {
            update.subscriptions = subscriptions
            #expect(try await directory.update(update).counts.subscriptions == subscriptions)
            try server.control("SCRIPT", "FLUSH")
        }
    }

    @Test("a state that began with a kept value does not end with it while somebody is there")
    func keptBefore() async throws {
        let server = try await RedisServer.start()
        let directory = try directory(server)
        let topic = ClusterTopic(.channel, appID: "a", name: "cache-b")
        let keys = RedisTopicKeys(topic, prefix: directory.options.prefix)
        try server.control("HSET", keys.state, "v", "1234")
        try server.control("PEXPIRE", keys.state, "50000")
        try server.control("SET", keys.retained, "value", "PX", "40000")
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = 1
        update.wantsRetained = true
        update.telling = [.missNews]
        let outcome = try await directory.update(update)
        #expect(outcome.version == 1_234)
        #expect(outcome.news == [])
        #expect(outcome.retained?.bytes == ByteBuffer(string: "value"))
        #expect((.seconds(30)...Duration.seconds(40)).contains(outcome.retained?.remaining ?? .zero))
        #expect(try await directory.retained(by: topic)?.bytes == ByteBuffer(string: "value"))
        #expect(try server.control("PTTL", keys.state) == "-1")
        update.subscriptions = 0
        _ = try await directory.update(update)
        #expect(try Self.keys(at: server) == [keys.retained, keys.state])
        #expect((1...60_000).contains(Int(try server.control("PTTL", keys.state)) ?? 0))
    }

    @Test("a channel of ten thousand members is asserted and buried in one step each")
    func manyMembers() async throws {
        let directory = try directory(try await RedisServer.shared.get())
        let topic = ClusterTopic(.channel, appID: "a", name: "presence-b")
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = 10_000
        update.joined = (0..<10_000).map { PresenceMember(userID: "\($0)", userInfo: Array("{\"n\":\($0)}".utf8)) }
        update.telling = [.memberNews]
        update.wantsMembers = true
        let outcome = try await directory.update(update)
        #expect(outcome.members?.count == 10_000)
        #expect(try await directory.userIDs(of: topic).count == 10_000)
        // A reply is bounded; the rest comes once these are acknowledged.
        #expect(outcome.news.count == 1_000)
        var burial = ClusterUpdate(topic, node: node)
        burial.reporter = other
        var told = 0
        while true {
            let news = try await directory.update(burial).news
            told += news.count
            guard let last = news.last else { break }
            burial.acknowledged = last.number
        }
        #expect(told == 20_000)
        #expect(try await directory.counts(of: [topic]) == [ClusterCounts()])
    }

    @Test("each change of a topic costs one command on the wire, and a steady lease two")
    func commands() async throws {
        let server = try await RedisServer.start()
        let directory = try directory(server)
        let topic = ClusterTopic(.channel, appID: "a", name: "b")
        var update = ClusterUpdate(topic, node: node)
        update.telling = [.occupancyNews]
        _ = try await directory.update(update)
        _ = try await directory.renewLease(of: node, lasting: .seconds(60))
        _ = try await directory.renewLease(of: node, lasting: .seconds(60))
        try server.control("CONFIG", "RESETSTAT")
        for number in 0..<20 {
            update.subscriptions = number % 2
            _ = try await directory.update(update)
        }
        #expect(try calls(of: "evalsha", at: server) == 20)
        #expect(try calls(of: "eval", at: server) == 0)
        _ = try await directory.renewLease(of: node, lasting: .seconds(60))
        #expect(try calls(of: "evalsha", at: server) == 21)
        #expect(try calls(of: "sadd", at: server) == 1)
    }

    private func calls(of command: String, at server: RedisServer) throws -> Int {
        let statistics = try server.control("INFO", "commandstats")
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        let number = line?.split(separator: "=").dropFirst().first?.prefix { $0.isNumber }
        return number.flatMap { Int($0) } ?? 0
    }
}
