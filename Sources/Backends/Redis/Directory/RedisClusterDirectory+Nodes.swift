package import ServerCore

extension RedisClusterDirectory {
    package func renewLease(of node: ClusterNode, lasting: Duration) async throws(BackendError) -> ClusterLease {
        let keys = self.keys(of: node)
        let milliseconds = [UInt8](decimal: max(lasting.wholeMilliseconds, 1))
        let renewed = try await call(RedisNodeScripts.renew, [keys.lease, keys.tombstone], [milliseconds]).integer
        if renewed == RedisNodeScripts.Lease.buried { return .buried }
        // Always, since a failover may have forgotten the register and nothing else; and before the lease, so that a
        // node that has one can be found.
        _ = try await run(register, ["SADD", register, "\(node)"].map { Array($0.utf8) })
        if renewed == RedisNodeScripts.Lease.held { return .held }
        switch try await call(RedisNodeScripts.grant, [keys.lease, keys.tombstone], [milliseconds]).integer {
        case RedisNodeScripts.Lease.granted: return .granted
        case RedisNodeScripts.Lease.buried: return .buried
        default: throw Self.malformed
        }
    }

    package func endLease(of node: ClusterNode) async throws(BackendError) {
        let key = keys(of: node).lease
        _ = try await run(key, ["DEL", key].map { Array($0.utf8) })
    }

    package func record(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError) -> Bool {
        let keys = self.keys(of: node)
        var rest = topics[...]
        repeat {
            let tags = rest.prefix(Self.recordedAtOnce).map { Array($0.tag.utf8) }
            rest = rest.dropFirst(Self.recordedAtOnce)
            let reply = try await call(RedisNodeScripts.record, [keys.topics, keys.tombstone], tags)
            guard reply.integer == 1 else { return false }
        } while !rest.isEmpty
        return true
    }

    package func erase(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError) {
        let key = keys(of: node).topics
        var rest = topics[...]
        while !rest.isEmpty {
            let tags = rest.prefix(Self.recordedAtOnce).map(\.tag)
            rest = rest.dropFirst(Self.recordedAtOnce)
            _ = try await run(key, (["ZREM", key] + tags).map { Array($0.utf8) })
        }
    }

    package func nodes() async throws(BackendError) -> [(node: ClusterNode, isLive: Bool)] {
        let nodes = try await registered()
        return try await concurrently(nodes) { node throws(BackendError) in
            let key = keys(of: node).lease
            let reply = try await run(key, ["EXISTS", key].map { Array($0.utf8) })
            return (node: node, isLive: reply.integer == 1)
        }
    }

    package func bury(
        _ node: ClusterNode,
        by survivor: ClusterNode,
        lasting: Duration
    ) async throws(BackendError) -> Bool {
        let keys = self.keys(of: node)
        let lifetime = max(options.tombstoneLifetime, lasting)
        let reply = try await call(
            RedisNodeScripts.bury,
            [keys.lease, keys.tombstone, keys.burial],
            [
                Array("\(survivor)".utf8), [UInt8](decimal: max(lasting.wholeMilliseconds, 1)),
                [UInt8](decimal: lifetime.wholeMilliseconds),
            ]
        )
        // The register may have it still, or again, if whoever forgot it was interrupted.
        if reply.integer == RedisNodeScripts.Burial.done { try await strike(node) }
        return reply.integer == RedisNodeScripts.Burial.taken
    }

    package func recordedTopics(
        of node: ClusterNode,
        after: ClusterTopic?,
        limit: Int
    ) async throws(BackendError) -> [ClusterTopic] {
        var topics: [ClusterTopic] = []
        var start = after.map { Array("(\($0.tag)".utf8) } ?? Array("-".utf8)
        while topics.count < limit {
            let count = min(limit - topics.count, Self.page)
            let tags = try await self.tags(of: node, from: start, to: Array("+".utf8), count: count)
            topics += tags.compactMap { ClusterTopic(tag: $0) }
            guard tags.count == count, let last = tags.last else { break }
            start = Array("(\(last)".utf8)
        }
        return topics
    }

    package func forget(_ node: ClusterNode) async throws(BackendError) {
        let keys = self.keys(of: node)
        _ = try await call(
            RedisNodeScripts.forget,
            [keys.topics, keys.tombstone, keys.burial],
            [[UInt8](decimal: options.tombstoneLifetime.wholeMilliseconds)]
        )
        try await strike(node)
    }

    package func channels(appID: String, prefix: String) async throws(BackendError) -> [ClusterTopic] {
        let prefix = Array(ClusterTopic(.channel, appID: appID, name: prefix).tag.utf8)
        let found = try await concurrently(try await registered()) { node throws(BackendError) in
            var found: Set<String> = []
            var start = [UInt8(ascii: "[")] + prefix
            // No UTF-8 has this byte, so that it is behind all that begins with the prefix.
            let end = [UInt8(ascii: "(")] + prefix + [0xff]
            while true {
                let tags = try await self.tags(of: node, from: start, to: end, count: Self.page)
                found.formUnion(tags)
                guard tags.count == Self.page, let last = tags.last else { return found }
                start = Array("(\(last)".utf8)
            }
        }
        let tags = found.reduce(into: Set<String>()) { $0.formUnion($1) }
        return tags.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { ClusterTopic(tag: $0) }
    }

    private func strike(_ node: ClusterNode) async throws(BackendError) {
        _ = try await run(register, ["SREM", register, "\(node)"].map { Array($0.utf8) })
    }

    /// The nodes of the register.
    private func registered() async throws(BackendError) -> [ClusterNode] {
        var nodes: Set<ClusterNode> = []
        var cursor = "0"
        repeat {
            let words = ["SSCAN", register, cursor, "COUNT", "\(Self.page)"].map { Array($0.utf8) }
            let parts = try await run(register, words).elements
            guard let parts, parts.count == 2, let next = parts[0].text, let names = parts[1].elements else {
                throw Self.malformed
            }
            nodes.formUnion(names.compactMap { $0.text.flatMap { ClusterNode($0) } })
            cursor = next
        } while cursor != "0"
        return nodes.sorted { $0.id < $1.id }
    }

    private func tags(
        of node: ClusterNode,
        from start: [UInt8],
        to end: [UInt8],
        count: Int
    ) async throws(BackendError) -> [String] {
        let key = keys(of: node).topics
        let words = ["ZRANGEBYLEX", key].map { Array($0.utf8) } + [start, end]
        let bounds = ["LIMIT", "0", "\(count)"].map { Array($0.utf8) }
        guard let tags = try await run(key, words + bounds).elements else { throw Self.malformed }
        return tags.compactMap(\.text)
    }
}
