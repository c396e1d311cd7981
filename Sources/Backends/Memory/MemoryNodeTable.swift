import ServerCore

/// The nodes of a cluster in this process: what `RedisNodeScripts` keeps in keys.
struct MemoryNodeTable {
    /// How long a buried node is remembered.
    private static let tombstoneLifetime = Duration.seconds(1_800)

    private struct Tombstone {
        var isDone: Bool
        var until: Duration
    }

    private struct Burial {
        var survivor: ClusterNode
        var until: Duration
    }

    private var registered: Set<ClusterNode> = []
    /// Until when each node lives.
    private var leases: [ClusterNode: Duration] = [:]
    private var recorded: [ClusterNode: Set<ClusterTopic>] = [:]
    private var tombstones: [ClusterNode: Tombstone] = [:]
    private var burials: [ClusterNode: Burial] = [:]

    func isLive(_ node: ClusterNode, at now: Duration) -> Bool {
        leases[node].map { $0 > now } ?? false
    }

    func isBuried(_ node: ClusterNode, at now: Duration) -> Bool {
        tombstones[node].map { $0.until > now } ?? false
    }

    /// All nodes that are not fully buried.
    var nodes: [ClusterNode] { registered.sorted { $0.id < $1.id } }

    mutating func renewLease(of node: ClusterNode, lasting: Duration, at now: Duration) -> ClusterLease {
        guard !isBuried(node, at: now) else { return .buried }
        registered.insert(node)
        let wasLive = isLive(node, at: now)
        leases[node] = now + lasting
        return wasLive ? .held : .granted
    }

    mutating func endLease(of node: ClusterNode) {
        leases[node] = nil
    }

    mutating func record(_ topics: [ClusterTopic], of node: ClusterNode, at now: Duration) -> Bool {
        guard !isBuried(node, at: now) else { return false }
        if !topics.isEmpty { recorded[node, default: []].formUnion(topics) }
        return true
    }

    mutating func erase(_ topics: [ClusterTopic], of node: ClusterNode) {
        recorded[node]?.subtract(topics)
        if recorded[node]?.isEmpty == true { recorded[node] = nil }
    }

    mutating func bury(
        _ node: ClusterNode,
        by survivor: ClusterNode,
        lasting: Duration,
        at now: Duration
    ) -> Bool {
        guard !isLive(node, at: now) else { return false }
        if let tombstone = tombstones[node], tombstone.until > now, tombstone.isDone {
            registered.remove(node)
            return false
        }
        if let burial = burials[node], burial.until > now, burial.survivor != survivor { return false }
        burials[node] = Burial(survivor: survivor, until: now + lasting)
        tombstones[node] = Tombstone(isDone: false, until: now + max(Self.tombstoneLifetime, lasting))
        return true
    }

    mutating func forget(_ node: ClusterNode, at now: Duration) {
        recorded[node] = nil
        burials[node] = nil
        leases[node] = nil
        tombstones[node] = Tombstone(isDone: true, until: now + Self.tombstoneLifetime)
        registered.remove(node)
    }

    /// Some of what a node recorded, ordered by tag.
    func recordedTopics(of node: ClusterNode, after: ClusterTopic?, limit: Int) -> [ClusterTopic] {
        let tags = recorded[node, default: []].map(\.tag)
        let rest = tags.filter { tag in after.map { $0.tag.utf8.lexicographicallyPrecedes(tag.utf8) } ?? true }
        return rest.inByteOrder.prefix(max(limit, 0)).compactMap { ClusterTopic(tag: $0) }
    }

    /// The channels that any node recorded and whose tags begin with a prefix.
    func channels(tagPrefix: String) -> [ClusterTopic] {
        let topics = recorded.values.reduce(into: Set<ClusterTopic>()) { $0.formUnion($1) }
        let tags = topics.map(\.tag).filter { $0.utf8.starts(with: tagPrefix.utf8) }
        return tags.inByteOrder.compactMap { ClusterTopic(tag: $0) }
    }

    /// Forgets what is over.
    mutating func sweep(at now: Duration) {
        tombstones = tombstones.filter { $0.value.until > now }
        burials = burials.filter { $0.value.until > now }
    }
}

extension [String] {
    fileprivate var inByteOrder: [String] {
        sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
