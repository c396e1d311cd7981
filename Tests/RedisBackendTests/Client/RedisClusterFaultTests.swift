import Glibc
import Synchronization
import TestSupport
import Testing

@testable import RedisBackend

/// Faults of a cluster while commands go on; each test has a cluster of its own, one at a time.
@Suite(
    "A client of a cluster in trouble",
    .serialized,
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(3))
)
struct RedisClusterFaultTests {
    /// The end of some traffic.
    private final class End: Sendable {
        private let state = Mutex(false)

        var hasCome: Bool { state.withLock(\.self) }

        func come() {
            state.withLock { $0 = true }
        }
    }

    /// Counters that are incremented all the while, one per task.
    private struct Traffic {
        let client: any RedisClient
        let keys: [String]

        /// Increments until `work` is done, and returns how often each counter was, as far as acknowledged.
        ///
        /// Each key's commands come one after another; a failed one is repeated, and counts as uncertain.
        func run(during work: @Sendable () async throws -> Void) async throws -> [String: (sure: Int, unsure: Int)] {
            let end = End()
            return try await withThrowingTaskGroup(of: (String, Int, Int).self) { group in
                for key in keys {
                    group.addTask {
                        var (sure, unsure) = (0, 0)
                        while !end.hasCome {
                            do throws(RedisError) {
                                _ = try await client.run("INCR", key, key: key, patience: .seconds(20))
                                sure += 1
                            } catch {
                                unsure += 1
                            }
                        }
                        return (key, sure, unsure)
                    }
                }
                do {
                    try await work()
                } catch {
                    end.come()
                    throw error
                }
                end.come()
                return try await group.reduce(into: [:]) { $0[$1.0] = ($1.1, $1.2) }
            }
        }
    }

    private func withCluster(
        nodeTimeout: Duration = .seconds(1),
        options: [String] = [],
        _ body: (RedisCluster, any RedisClient, [String]) async throws -> Void
    ) async throws {
        let cluster = try await RedisCluster.start(nodeTimeout: nodeTimeout) { _ in options }
        let client = try TestRedis.client(of: cluster) { $0.commandTimeout = .seconds(2) }
        try await body(cluster, client, (0..<12).map { "counter:\($0)" })
        client.close()
        await cluster.stop()
    }

    @Test("a master killed with all its connections is replaced by its replica, and nothing is done twice")
    func killedMaster() async throws {
        try await withCluster { cluster, client, keys in
            let victim = try cluster.master(ofKey: keys[0])
            let counts = try await Traffic(client: client, keys: keys).run {
                try await Eventually.holds("every counter counts", within: .seconds(10)) {
                    victim.tryControl("DBSIZE").flatMap { Int($0) } ?? 0 > 0
                }
                await victim.kill()
                try await Eventually.holds("another master serves the slot", within: .seconds(30)) {
                    let master = try? cluster.master(ofKey: keys[0])
                    return master.map { $0.port != victim.port } ?? false
                }
                #expect(try await client.run("INCR", keys[0], key: keys[0], patience: .seconds(30)).integer ?? 0 > 0)
            }
            for key in keys {
                let value = Int(try await client.run("GET", key, key: key, patience: .seconds(20)).integer ?? 0)
                let count = try #require(counts[key])
                let extra = key == keys[0] ? 1 : 0
                // Replication is asynchronous, so that the last increments before the kill may be gone.
                #expect(value <= count.sure + count.unsure + extra, "\(key) was incremented more often than asked")
                #expect(count.sure > 0)
            }
        }
    }

    @Test("a planned failover under traffic loses nothing and is hardly noticed")
    func plannedFailover() async throws {
        try await withCluster { cluster, client, keys in
            let old = try cluster.master(ofKey: keys[0])
            let new = try cluster.replica(of: old)
            let counts = try await Traffic(client: client, keys: keys).run {
                try new.control("CLUSTER", "FAILOVER")
                try await Eventually.holds("the replica is the master", within: .seconds(20)) {
                    new.tryControl("ROLE")?.hasPrefix("master") ?? false
                }
                #expect(try await client.run("INCR", keys[0], key: keys[0], patience: .seconds(20)).integer ?? 0 > 0)
            }
            try await expectExact(counts, client, extra: keys[0])
        }
    }

    @Test("slots migrate under traffic without an error and without a lost or doubled command")
    func migration() async throws {
        try await withCluster { cluster, client, keys in
            let source = try cluster.master(ofKey: keys[0])
            let target = try #require(cluster.nodes[..<3].first { $0.port != source.port })
            let counts = try await Traffic(client: client, keys: keys).run {
                for key in keys where try cluster.master(ofKey: key).port == source.port {
                    try await migrate(key, from: source, to: target, in: cluster)
                }
            }
            #expect(counts.values.allSatisfy { $0.unsure == 0 })
            try await expectExact(counts, client, extra: nil)
            #expect(try cluster.master(ofKey: keys[0]).port == target.port)
        }
    }

    @Test("a master that hangs is left for its successor")
    func hungMaster() async throws {
        try await withCluster { cluster, client, keys in
            let victim = try cluster.master(ofKey: keys[0])
            _ = try await client.run("INCR", keys[0], key: keys[0])
            victim.send(SIGSTOP)
            let error = await #expect(throws: RedisError.self) {
                try await client.run("INCR", keys[0], key: keys[0], patience: .zero)
            }
            #expect(error?.code == .timedOut)
            #expect(try await client.run("INCR", keys[0], key: keys[0], patience: .seconds(40)).integer ?? 0 > 0)
            victim.send(SIGCONT)
        }
    }

    @Test("a new node is found when a slot moves to it, and one that left is forgotten")
    func membership() async throws {
        // On a busy machine a master may be slow to answer, and one that lost its last slot would become a replica:
        // both would change the roles while slots move.
        let steady = ["--cluster-allow-replica-migration", "no"]
        try await withCluster(nodeTimeout: .seconds(15), options: steady) { cluster, client, keys in
            let busPort = FreePort.next()
            let newcomer = try await RedisServer.start(
                options: [
                    "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                    "15000",
                    "--cluster-port", "\(busPort)",
                ] + steady
            )
            try cluster.nodes[0].control("CLUSTER", "MEET", "127.0.0.1", "\(newcomer.port)", "\(busPort)")
            try await Eventually.holds("all know the newcomer", within: .seconds(20)) {
                (cluster.nodes + [newcomer]).allSatisfy {
                    let info = $0.tryControl("CLUSTER", "INFO") ?? ""
                    return info.contains("cluster_known_nodes:7") && info.contains("cluster_state:ok")
                }
            }
            _ = try await client.run("SET", keys[0], "7", key: keys[0])
            let source = try cluster.master(ofKey: keys[0])
            try await migrate(keys[0], from: source, to: newcomer, in: cluster)
            #expect(try await client.run("GET", keys[0], key: keys[0]).text == "7")
            let address = RedisAddress(host: "127.0.0.1", port: newcomer.port)
            let known = try #require(client as? RedisClusterClient)
            #expect(known.masters.contains(address))
            try await migrate(keys[0], from: newcomer, to: source, in: cluster)
            #expect(try await client.run("GET", keys[0], key: keys[0]).text == "7")
            try await Eventually.holds("the node without slots is no master any more", within: .seconds(20)) {
                await known.refresh()
                return !known.masters.contains(address)
            }
        }
    }

    /// Moves the slot of a key, with what is in it, step by step as `redis-cli --cluster` does.
    private func migrate(
        _ key: String,
        from source: RedisServer,
        to target: RedisServer,
        in cluster: RedisCluster
    ) async throws {
        let slot = try source.control("CLUSTER", "KEYSLOT", key)
        let sourceID = try source.control("CLUSTER", "MYID")
        let targetID = try target.control("CLUSTER", "MYID")
        try target.control("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        try source.control("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        // Commands to the missing key are asked of the target while the slot is half-way.
        try source.control("MIGRATE", "127.0.0.1", "\(target.port)", key, "0", "5000")
        try target.control("CLUSTER", "SETSLOT", slot, "NODE", targetID)
        // A master that lost its last slot may be a replica by now, and learns of the move as such.
        _ = source.tryControl("CLUSTER", "SETSLOT", slot, "NODE", targetID)
        try await Eventually.holds("the nodes agree about the slot", within: .seconds(20)) {
            let master = try? cluster.master(ofKey: key)
            return master.map { $0.port == target.port } ?? true
        }
    }

    private func expectExact(
        _ counts: [String: (sure: Int, unsure: Int)],
        _ client: any RedisClient,
        extra: String?
    ) async throws {
        for (key, count) in counts {
            let value = Int(try await client.run("GET", key, key: key).integer ?? 0) - (key == extra ? 1 : 0)
            #expect(value >= count.sure, "\(key) lost acknowledged increments")
            #expect(value <= count.sure + count.unsure, "\(key) was incremented more often than asked")
            #expect(count.sure > 0)
        }
    }
}
