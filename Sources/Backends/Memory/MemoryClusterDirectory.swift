package import ServerCore
import Synchronization

/// One node's view of the directory of a cluster within this process, which can be cut off from it.
package final class MemoryClusterDirectory: ClusterDirectory {
    private let cluster: MemoryCluster
    private let isCutOff = Mutex(false)

    init(cluster: MemoryCluster) {
        self.cluster = cluster
    }

    /// Cuts the directory off: every call throws until `restore`.
    package func cut() {
        isCutOff.withLock { $0 = true }
    }

    /// Connects the directory again.
    package func restore() {
        isCutOff.withLock { $0 = false }
    }

    package func renewLease(of node: ClusterNode, lasting: Duration) async throws(BackendError) -> ClusterLease {
        try checkConnected()
        return cluster.withNodes { nodes, now in nodes.renewLease(of: node, lasting: lasting, at: now) }
    }

    package func endLease(of node: ClusterNode) async throws(BackendError) {
        try checkConnected()
        cluster.withNodes { nodes, _ in nodes.endLease(of: node) }
    }

    package func record(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError) -> Bool {
        try checkConnected()
        return cluster.withNodes { nodes, now in nodes.record(topics, of: node, at: now) }
    }

    package func erase(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError) {
        try checkConnected()
        cluster.withNodes { nodes, _ in nodes.erase(topics, of: node) }
    }

    package func nodes() async throws(BackendError) -> [(node: ClusterNode, isLive: Bool)] {
        try checkConnected()
        return cluster.withNodes { nodes, now in
            nodes.nodes.map { (node: $0, isLive: nodes.isLive($0, at: now)) }
        }
    }

    package func bury(
        _ node: ClusterNode,
        by survivor: ClusterNode,
        lasting: Duration
    ) async throws(BackendError) -> Bool {
        try checkConnected()
        return cluster.withNodes { nodes, now in nodes.bury(node, by: survivor, lasting: lasting, at: now) }
    }

    package func recordedTopics(
        of node: ClusterNode,
        after: ClusterTopic?,
        limit: Int
    ) async throws(BackendError) -> [ClusterTopic] {
        try checkConnected()
        return cluster.withNodes { nodes, _ in nodes.recordedTopics(of: node, after: after, limit: limit) }
    }

    package func forget(_ node: ClusterNode) async throws(BackendError) {
        try checkConnected()
        cluster.withNodes { nodes, now in nodes.forget(node, at: now) }
    }

    package func update(_ update: ClusterUpdate) async throws(BackendError) -> ClusterOutcome {
        try checkConnected()
        return cluster.update(update)
    }

    package func counts(of topics: [ClusterTopic]) async throws(BackendError) -> [ClusterCounts] {
        try checkConnected()
        return topics.map { topic in cluster.read(topic) { state, _ in state.counts } }
    }

    package func userIDs(of topic: ClusterTopic) async throws(BackendError) -> [String] {
        try checkConnected()
        return cluster.read(topic) { state, _ in Array(state.users.keys) }
    }

    package func channels(appID: String, prefix: String) async throws(BackendError) -> [ClusterTopic] {
        try checkConnected()
        let tagPrefix = ClusterTopic(.channel, appID: appID, name: prefix).tag
        return cluster.withNodes { nodes, _ in nodes.channels(tagPrefix: tagPrefix) }
    }

    package func retained(by topic: ClusterTopic) async throws(BackendError) -> RetainedValue? {
        try checkConnected()
        return cluster.read(topic) { state, now in state.retained(at: now) }
    }

    package func checkHealth() async throws(BackendError) {
        try checkConnected()
    }

    private func checkConnected() throws(BackendError) {
        guard !isCutOff.withLock(\.self) else {
            throw BackendError(.unavailable, "this node is cut off from the cluster's directory")
        }
    }
}
