import NIOCore
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

/// Faults of a cluster under traffic; each test has a cluster of its own, one at a time.
@Suite(
    "A transport over a cluster in trouble",
    .serialized,
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(3))
)
struct RedisClusterTransportFaultTests {
    private func withCluster(
        nodeTimeout: Duration = .seconds(1),
        _ body: (RedisCluster, RedisConfiguration) async throws -> Void
    ) async throws {
        let steady = ["--cluster-allow-replica-migration", "no"]
        let cluster = try await RedisCluster.start(nodeTimeout: nodeTimeout) { _ in steady }
        var configuration = RedisConfiguration(
            .cluster(cluster.nodes.suffix(2).map { RedisAddress(host: "127.0.0.1", port: $0.port) })
        )
        configuration.commandTimeout = .seconds(2)
        try await body(cluster, configuration)
        await cluster.stop()
    }

    private func key(_ topic: ClusterTopic) -> String { "{\(topic.tag)}" }

    @Test("a killed master is followed to its replica, by every kind of pub/sub", arguments: [true, false])
    func killedMaster(isSharded: Bool) async throws {
        try await withCluster { cluster, configuration in
            try await TransportTraffic.run(
                configuration,
                { $0.shardedPubSub = isSharded ? .always : .never }
            ) { traffic in
                let start = ContinuousClock.now
                let victim = try cluster.master(ofKey: key(traffic.topics[0]))
                let affected = try traffic.topics.filter { try cluster.master(ofKey: key($0)).port == victim.port }
                #expect(!affected.isEmpty && affected.count < traffic.topics.count)
                await victim.kill()
                try await Eventually.holds("the publisher knows", within: .seconds(10)) {
                    !traffic.publisher.transport.isServing
                }
                if isSharded {
                    await traffic.subscriber.witness.wait { account in
                        affected.allSatisfy { account.interruptions[$0] != nil }
                    }
                }
                // The victim may have been the one node that is listened to without shards: what others publish is lost
                // until another one is, long before a new master serves the slot.
                let known = ContinuousClock.now + (isSharded ? .zero : .milliseconds(500))
                try await Eventually.holds("another master serves the slot", within: .seconds(30)) {
                    let master = try? cluster.master(ofKey: key(affected[0]))
                    return master.map { $0.port != victim.port } ?? false
                }
                await traffic.subscriber.witness.wait(forService: traffic.topics)
                await traffic.publisher.witness.wait { account in
                    affected.allSatisfy { topic in account.disturbances.contains { $0(topic) } }
                }
                try await Eventually.holds("nothing waits any more", within: .seconds(30)) {
                    traffic.publisher.transport.isServing
                }
                return .during(start - .milliseconds(250)...known)
            }
        }
    }

    @Test("a planned failover moves subscriptions and loses nothing that is published after them")
    func plannedFailover() async throws {
        try await withCluster { cluster, configuration in
            try await TransportTraffic.run(configuration) { traffic in
                let start = ContinuousClock.now
                let old = try cluster.master(ofKey: key(traffic.topics[0]))
                let new = try cluster.replica(of: old)
                try new.control("CLUSTER", "FAILOVER")
                try await Eventually.holds("the replica is the master", within: .seconds(20)) {
                    new.tryControl("ROLE")?.hasPrefix("master") ?? false
                }
                await traffic.subscriber.witness.wait { account in
                    account.interruptions[traffic.topics[0]] != nil && account.served.count == traffic.topics.count
                }
                return .during(start - .milliseconds(250)...ContinuousClock.now)
            }
        }
    }

    @Test("a slot that migrates with what is in it takes its subscriptions along")
    func migration() async throws {
        try await withCluster(nodeTimeout: .seconds(15)) { cluster, configuration in
            try await TransportTraffic.run(configuration) { traffic in
                let topic = traffic.topics[0]
                let source = try cluster.master(ofKey: key(topic))
                let target = try #require(cluster.nodes[..<3].first { $0.port != source.port })
                let start = try await migrate(key(topic), from: source, to: target, in: cluster, during: traffic)
                await traffic.subscriber.witness.wait { account in
                    account.interruptions[topic] != nil && account.served.count == traffic.topics.count
                }
                #expect(traffic.subscriber.witness.account.interruptions.count == 1)
                return .during(start - .milliseconds(250)...ContinuousClock.now)
            }
        }
    }

    @Test("subscribers whose connections are killed everywhere come back")
    func killedSubscribers() async throws {
        try await withCluster { cluster, configuration in
            try await TransportTraffic.run(configuration) { traffic in
                let start = ContinuousClock.now
                for node in cluster.nodes { try node.control("CLIENT", "KILL", "TYPE", "pubsub") }
                await traffic.subscriber.witness.wait { account in
                    traffic.topics.allSatisfy { account.confirmations[$0] ?? 0 >= 2 }
                }
                return .during(start - .milliseconds(250)...ContinuousClock.now)
            }
        }
    }

    /// Moves the slot of a key, with what is in it, step by step as `redis-cli --cluster` does, and lets traffic go on
    /// while it is half-way; returns when the slot changed its master.
    private func migrate(
        _ key: String,
        from source: RedisServer,
        to target: RedisServer,
        in cluster: RedisCluster,
        during traffic: TransportTraffic
    ) async throws -> ContinuousClock.Instant {
        let slot = try source.control("CLUSTER", "KEYSLOT", key)
        let sourceID = try source.control("CLUSTER", "MYID")
        let targetID = try target.control("CLUSTER", "MYID")
        try target.control("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        try source.control("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        try await traffic.waitForTraffic(5)
        while true {
            let keys = try source.control("CLUSTER", "GETKEYSINSLOT", slot, "10").split(separator: "\n")
            guard let first = keys.first else { break }
            // One at a time, so that scripts meet half of their keys.
            try source.control("MIGRATE", "127.0.0.1", "\(target.port)", String(first), "0", "5000")
        }
        // Scripts are sent to the new server, and their messages to the subscribers at the old one.
        try await traffic.waitForTraffic(20)
        let start = ContinuousClock.now
        try target.control("CLUSTER", "SETSLOT", slot, "NODE", targetID)
        _ = source.tryControl("CLUSTER", "SETSLOT", slot, "NODE", targetID)
        try await Eventually.holds("the nodes agree about the slot", within: .seconds(20)) {
            let master = try? cluster.master(ofKey: key)
            return master.map { $0.port == target.port } ?? true
        }
        return start
    }
}
