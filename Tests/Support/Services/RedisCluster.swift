/// Six servers in a Redis Cluster: three masters with a replica each.
package struct RedisCluster: Sendable {
    /// The first three begin as masters, the others as their replicas in the same order.
    package let nodes: [RedisServer]

    /// One cluster for all tests that do it no harm.
    package static let shared = SharedService { try await RedisCluster.start() }

    private static let ranges = [(0, 5460), (5461, 10_922), (10_923, 16_383)]

    /// Starts a cluster and returns once every replica has its master's data.
    ///
    /// `nodeTimeout` is what decides how soon a dead master is replaced.
    package static func start(nodeTimeout: Duration = .seconds(1), options: [String] = []) async throws -> RedisCluster
    {
        let milliseconds = nodeTimeout.components.seconds * 1_000
        var nodes: [RedisServer] = []
        var busPorts: [Int] = []
        for index in 0..<6 {
            let busPort = FreePort.next()
            busPorts.append(busPort)
            nodes.append(
                try await RedisServer.start(
                    name: "redis-cluster-\(index)",
                    options: [
                        "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                        "--cluster-node-timeout", "\(milliseconds)", "--cluster-port", "\(busPort)",
                        // A replica that has not synchronised yet is never promoted.
                        "--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0",
                    ] + options
                )
            )
        }
        let cluster = RedisCluster(nodes: nodes)
        try await cluster.join(busPorts: busPorts)
        return cluster
    }

    /// Ends all nodes.
    package func stop() async {
        for node in nodes {
            await node.kill()
        }
    }

    /// The node that serves a slot, as one of the living nodes sees it.
    package func master(ofKey key: String) throws -> RedisServer {
        let witness = nodes.first { $0.tryControl("PING") == "PONG" }
        guard let witness, let slot = Int(try witness.control("CLUSTER", "KEYSLOT", key)),
            let line = try witness.control("CLUSTER", "NODES").split(separator: "\n").first(where: {
                Self.line(String($0), serves: slot)
            }),
            let port = Self.port(ofLine: String(line)), let node = nodes.first(where: { $0.port == port })
        else { throw ServiceFailure(description: "no master serves the slot of \(key)") }
        return node
    }

    /// The replica of a master.
    package func replica(of master: RedisServer) throws -> RedisServer {
        let id = try master.control("CLUSTER", "MYID")
        let lines = try master.control("CLUSTER", "NODES").split(separator: "\n")
        guard let line = lines.first(where: { $0.contains("slave \(id)") }), let port = Self.port(ofLine: String(line)),
            let node = nodes.first(where: { $0.port == port })
        else { throw ServiceFailure(description: "the master on port \(master.port) has no replica") }
        return node
    }

    /// Whether every living node sees every slot served.
    package func isWhole() -> Bool {
        nodes.allSatisfy { node in
            node.tryControl("CLUSTER", "INFO")?.contains("cluster_state:ok") ?? true
        }
    }

    private func join(busPorts: [Int]) async throws {
        for (index, node) in nodes.enumerated() {
            try node.control("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
            if index < 3 {
                let (first, last) = Self.ranges[index]
                try node.control("CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
            }
            if index > 0 {
                try nodes[0].control("CLUSTER", "MEET", "127.0.0.1", "\(node.port)", "\(busPorts[index])")
            }
        }
        try await Eventually.holds("the nodes know each other", within: .seconds(20)) {
            nodes.allSatisfy { $0.tryControl("CLUSTER", "INFO")?.contains("cluster_known_nodes:6") ?? false }
        }
        for index in 0..<3 {
            let id = try nodes[index].control("CLUSTER", "MYID")
            try await Eventually.holds("a replica follows its master", within: .seconds(20)) {
                nodes[index + 3].tryControl("CLUSTER", "REPLICATE", id) == "OK"
            }
        }
        try await Eventually.holds("the cluster is whole", within: .seconds(30)) {
            isWhole()
                && nodes[3...].allSatisfy {
                    $0.tryControl("INFO", "replication")?.contains("master_link_status:up") ?? false
                }
                && nodes.allSatisfy { node in
                    let lines = node.tryControl("CLUSTER", "NODES")?.split(separator: "\n") ?? []
                    return lines.count { $0.contains("slave") } == 3
                }
        }
    }

    private static func port(ofLine line: String) -> Int? {
        let address = line.split(separator: " ").dropFirst().first?.split(separator: "@").first
        return address?.split(separator: ":").last.flatMap { Int($0) }
    }

    private static func line(_ line: String, serves slot: Int) -> Bool {
        let parts = line.split(separator: " ")
        guard parts.count > 8, parts[2].contains("master"), !parts[2].contains("fail") else { return false }
        return parts[8...].contains { part in
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            return part.first != "[" && bounds.first.map { $0 <= slot && slot <= bounds[bounds.count - 1] } ?? false
        }
    }
}
