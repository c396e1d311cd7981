import PusherProtocol
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

/// What becomes of the directory when a master is lost whose replica was behind.
@Suite(
    "A cluster's directory after a failover",
    .serialized,
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(2))
)
struct RedisDirectoryFailoverTests {
    private let topic = ClusterTopic(.channel, appID: "a", name: "presence-b")
    private let nodes = (ClusterNode.random(), ClusterNode.random())

    /// The whole part of a node.
    private func part(_ node: ClusterNode, _ userIDs: [String]) -> ClusterUpdate {
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = userIDs.count
        update.joined = userIDs.map { PresenceMember(userID: $0, userInfo: nil) }
        update.isWhole = true
        update.telling = [.occupancyNews, .memberNews]
        update.acknowledged = .max >> 11
        return update
    }

    @Test("a promoted replica that forgot joins and departures learns the truth when nodes assert what they have")
    func forgotten() async throws {
        let cluster = try await RedisCluster.start(nodeTimeout: .seconds(1))
        let client = try TestRedis.client(of: cluster)
        var options = RedisDirectoryOptions(usesShardedPubSub: true)
        options.patience = .seconds(20)
        let directory = RedisClusterDirectory(client: client, options: options)
        let key = RedisTopicKeys(topic, prefix: options.prefix).state
        let master = try cluster.master(ofKey: key)
        let replica = try cluster.replica(of: master)
        _ = try await directory.update(part(nodes.0, ["a"]))
        let known = try await directory.update(part(nodes.1, ["b"]))
        try await Eventually.holds("the replica knows both", within: .seconds(10)) {
            replica.tryControl("INFO", "keyspace")?.contains("keys=") ?? false
                && master.tryControl("WAIT", "1", "100") == "1"
        }
        // From here on the replica hears nothing: it is thrown out and does not know the new password.
        try master.control("CONFIG", "SET", "requirepass", "secret")
        _ = try await client.run("CLIENT", "KILL", "TYPE", "replica", key: key)
        let left = try await directory.update(part(nodes.1, []))
        let changed = try await directory.update(part(nodes.0, ["c"]))
        #expect(changed.counts == ClusterCounts(subscriptions: 1, users: 1))
        #expect(known.version < left.version && left.version < changed.version)
        await master.kill()
        try await Eventually.holds("the replica serves the slot", within: .seconds(60)) {
            replica.tryControl("ROLE")?.hasPrefix("master") ?? false
        }
        #expect(Set(try await directory.userIDs(of: topic)) == ["a", "b"], "the replica was behind")
        let first = try await directory.update(part(nodes.0, ["c"]))
        #expect(first.version > changed.version)
        #expect(first.counts == ClusterCounts(subscriptions: 2, users: 2))
        var last = part(nodes.1, [])
        last.wantsMembers = true
        let outcome = try await directory.update(last)
        #expect(outcome.counts == ClusterCounts(subscriptions: 1, users: 1))
        #expect(outcome.members?.map(\.userID) == ["c"])
        client.close()
        await cluster.stop()
    }

    @Test("a server that came back empty has everything again, with greater versions and numbers")
    func emptied() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        let directory = RedisClusterDirectory(client: client)
        _ = try await directory.renewLease(of: nodes.0, lasting: .seconds(60))
        let before = try await directory.update(part(nodes.0, ["a", "b"]))
        await server.kill()
        try await server.restart()
        #expect(try await directory.nodes().isEmpty)
        #expect(try await directory.renewLease(of: nodes.0, lasting: .seconds(60)) == .granted)
        #expect(try await directory.nodes().map(\.node) == [nodes.0])
        let after = try await directory.update(part(nodes.0, ["a", "b"]))
        #expect(after.counts == before.counts)
        #expect(after.version > before.version)
        #expect(after.news.map(\.content) == before.news.map(\.content))
        #expect(zip(before.news, after.news).allSatisfy { $0.number < $1.number })
        client.close()
    }
}
