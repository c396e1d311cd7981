import Foundation
import TestSupport
import Testing

/// Three servers that are one cluster, over every kind of Redis.
@Suite(
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)")
)
struct ClusterTests {
    /// A kind of Redis; the raw value names files.
    enum Store: String, CaseIterable {
        case single, tls, acl, sentinel, sharded, classic
    }

    /// A running Redis and what servers have to know of it, as JSON without the braces.
    private struct RunningStore {
        var settings: String
        /// Held so that the processes live.
        var servers: [RedisServer]
    }

    private static let drivers = """
        "cache": {"driver": "redis"}, "queue": {"driver": "redis"}, "adapter": {"driver": "redis"}
        """

    @Test("three nodes do what one does, whatever Redis is between them", arguments: Store.allCases)
    func features(store: Store) async throws {
        try await Scenarios.takingTurns(weight: 3) {
            let running = try await Self.start(store)
            try await Self.check("cluster_features.py", name: "cluster-\(store)", overriding: running.settings)
            for server in running.servers {
                await server.kill()
            }
        }
    }

    @Test("without Redis all that is local goes on; dead nodes are given up in time; a rolling restart harms nobody")
    func outage() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            try await Self.check("cluster_outage.py", name: "cluster-outage")
        }
    }

    @Test(
        "clients behind nginx, haproxy and the PROXY protocol get everything",
        .enabled(if: ServiceProgram.nginx.runsTests, "\(ServiceProgram.nginx.remedy)"),
        .enabled(if: ServiceProgram.haproxy.runsTests, "\(ServiceProgram.haproxy.remedy)")
    )
    func proxies() async throws {
        try await Scenarios.takingTurns(weight: 2) {
            try await Self.check("cluster_proxies.py", name: "cluster-proxies")
        }
    }

    @Test(
        "a node that a firewall cuts off is given up after its lease, and is back when it can",
        .enabled(if: NetworkNamespaces.arePermitted, "\(NetworkNamespaces.remedy)")
    )
    func partition() async throws {
        try await Scenarios.takingTurns(weight: 2) {
            try await Self.check("cluster_partition.py", name: "cluster-partition")
        }
    }

    /// More of it: `MARTLET_FAULT_SEEDS=1,2,3 MARTLET_FAULT_SECONDS=60 bash .ci/test --filter ClusterTests`; also
    /// `MARTLET_FAULT_STORES` (single, cluster) and `MARTLET_FAULT_KINDS`.
    @Test("whatever fails, after quiet everybody knows the truth")
    func faults() async throws {
        try await Scenarios.takingTurns(weight: 3) {
            try await Self.check("cluster_faults.py", name: "cluster-faults", limit: .seconds(3600))
        }
    }

    private static func check(
        _ script: String,
        name: String,
        overriding: String = "",
        limit: Duration = .seconds(180)
    ) async throws {
        try await Scenarios.check(
            script,
            name: name,
            arguments: [
                "--binary", PackagePaths.executable("martlet").path,
                "--base", PackagePaths.root.appending(path: "Tests/EndToEndTests/server.json").path,
                "--logs", PackagePaths.logs.path, "--name", name, "--overriding", "{\(overriding)}",
            ],
            limit: limit,
            sourceLocation: #_sourceLocation
        )
    }

    private static func start(_ store: Store) async throws -> RunningStore {
        switch store {
        case .single:
            let redis = try await RedisServer.start()
            return RunningStore(settings: "\(address(redis)), \(drivers)", servers: [redis])
        case .tls:
            return try await startTLS()
        case .acl:
            let redis = try await RedisServer.start(
                options: [
                    "--user", "rt", "on", ">s3cret", "~martlet_*", "&martlet_*", "+@all", "-@admin", "-@dangerous",
                    "+cluster|shards", "+cluster|slots", "+role", "--requirepass", "other",
                ],
                password: "other"
            )
            let settings = """
                "database": {"redis": {"host": "127.0.0.1", "port": \(redis.port), "username": "rt", "password": "s3cret"}}
                """
            return RunningStore(settings: "\(settings), \(drivers)", servers: [redis])
        case .sentinel:
            let group = try await RedisSentinelGroup.start(sentinelPassword: "watch")
            let sentinels = group.sentinels.map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", ")
            let settings = """
                "database": {"redis": {"sentinels": [\(sentinels)], "name": "mymaster", "sentinel_password": "watch"}}
                """
            return RunningStore(settings: "\(settings), \(drivers)", servers: group.servers + group.sentinels)
        case .sharded, .classic:
            let cluster = try await RedisCluster.start()
            let nodes = cluster.nodes.prefix(2).map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", ")
            let settings = """
                "database": {"redis": {"cluster": {"nodes": [\(nodes)]}}},
                "cache": {"driver": "redis-cluster"}, "queue": {"driver": "redis-cluster"},
                "adapter": {"driver": "redis-cluster",
                            "cluster": {"use_sharded_pubsub": "\(store == .sharded)"}}
                """
            return RunningStore(settings: settings, servers: cluster.nodes)
        }
    }

    private static func startTLS() async throws -> RunningStore {
        let certificates = try await ServiceCertificates.shared.get()
        let file = { (name: String) in certificates.appending(path: name).path }
        let redis = try await RedisServer.start(
            options: [
                "--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key"),
                "--tls-ca-cert-file", file("authority.pem"), "--tls-auth-clients", "yes",
            ],
            usesTLS: true
        )
        let settings = """
            "database": {"redis": {"host": "127.0.0.1", "port": \(redis.port), "master_tls": {"enabled": true,
                "ca_path": "\(file("authority.pem"))", "client_cert_path": "\(file("client.pem"))",
                "client_key_path": "\(file("client.key"))"}}}
            """
        return RunningStore(settings: "\(settings), \(drivers)", servers: [redis])
    }

    private static func address(_ redis: RedisServer) -> String {
        "\"database\": {\"redis\": {\"host\": \"127.0.0.1\", \"port\": \(redis.port)}}"
    }
}
