import NIOCore
import PusherProtocol
package import ServerCore
import Synchronization

/// What the nodes of a cluster within one process share: its directory, and the bus for their messages.
///
/// One lock holds the whole state, and changes are sent while it is held, so that messages have the order of the
/// state. Values that topics keep come through the bus.
package final class MemoryCluster: Sendable {
    /// Carries the messages.
    package let bus: MemoryClusterBus
    /// How long a buried node is remembered.
    private static let tombstoneLifetime = Duration.seconds(1_800)

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant
    private let origin: ContinuousClock.Instant

    private struct State {
        var topics: [ClusterTopic: MemoryTopic] = [:]
        var nodes = MemoryNodeTable()
        var lastStamp: UInt64 = 0
        var updates = 0
    }

    /// Makes a cluster without nodes.
    package init(
        bus: MemoryClusterBus = MemoryClusterBus(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.bus = bus
        self.now = now
        origin = now()
        bus.onRetention { [weak self] topic, retention, event in
            self?.retain(retention, event, for: topic)
        }
    }

    /// Makes the directory of a node.
    package func directory() -> MemoryClusterDirectory {
        MemoryClusterDirectory(cluster: self)
    }

    /// Whether anything of a topic is left besides tombstones and what it keeps.
    package func hasState(of topic: ClusterTopic) -> Bool {
        state.withLock { state in state.topics[topic].map { !$0.isIdle } ?? false }
    }

    /// Loses everything, as a store that was replaced by an empty one.
    package func forgetEverything() {
        state.withLock { state in
            state.topics = [:]
            state.nodes = MemoryNodeTable()
        }
    }

    func withNodes<Result>(_ body: (inout MemoryNodeTable, Duration) -> Result) -> Result {
        state.withLock { state in
            // Read under the lock, so that times never decrease.
            body(&state.nodes, elapsed)
        }
    }

    func read<Result>(_ topic: ClusterTopic, _ body: (MemoryTopic, Duration) -> Result) -> Result {
        state.withLock { state in body(state.topics[topic] ?? MemoryTopic(), elapsed) }
    }

    func update(_ update: ClusterUpdate) -> ClusterOutcome {
        change(update.topic) { topic, moment in
            let lifetime = Self.tombstoneLifetime
            return MemoryTopicChange.apply(update, to: &topic, at: moment, tombstoneLifetime: lifetime)
        }
    }

    private func retain(_ retention: ClusterPublication.Retention, _ event: ClusterEvent, for topic: ClusterTopic) {
        change(topic) { topic, moment in
            ((), [.retained(event, topic.retain(retention, at: moment))])
        }
    }

    private func change<Result>(
        _ topic: ClusterTopic,
        _ body: (inout MemoryTopic, MemoryTopic.Moment) -> (Result, [ClusterMessage])
    ) -> Result {
        state.withLock { state in
            let elapsed = elapsed
            let stamp = max(elapsed.wholeMicroseconds, state.lastStamp + 1)
            // Taken out, so that it is changed in place.
            var value = state.topics.removeValue(forKey: topic) ?? MemoryTopic()
            let (result, messages) = body(&value, MemoryTopic.Moment(now: elapsed, stamp: stamp))
            state.lastStamp = max(stamp, value.version, value.lastNumber, messages.compactMap(\.version).max() ?? 0)
            if value.sweep(at: elapsed) { state.topics[topic] = value }
            state.updates += 1
            if state.updates.isMultiple(of: 10_000) { Self.sweep(&state, at: elapsed) }
            for message in messages { bus.send(message.encoded, on: topic) }
            return result
        }
    }

    private var elapsed: Duration { origin.duration(to: now()) }

    private static func sweep(_ state: inout State, at elapsed: Duration) {
        state.nodes.sweep(at: elapsed)
        for topic in Array(state.topics.keys) where state.topics[topic]?.sweep(at: elapsed) == false {
            state.topics[topic] = nil
        }
    }
}

extension Duration {
    fileprivate var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds * 1_000_000 + attoseconds / 1_000_000_000_000, 0))
    }
}

extension ClusterMessage {
    /// The version of a message that tells of a change.
    fileprivate var version: UInt64? {
        switch self {
        case .memberAdded(_, let version), .memberRemoved(_, let version), .subscriptionCount(_, let version),
            .retained(_, let version):
            version.current
        case .event, .close, .appChanged: nil
        }
    }
}
