import DequeModule
package import NIOCore
package import ServerCore
import Synchronization

/// Carries messages between nodes that live in one process, and can cut any of them off.
///
/// One lock orders everything: each node gets the messages of a topic in the order in which they were sent. Receivers
/// are called outside of it, by the task that runs their transport.
package final class MemoryClusterBus: Sendable {
    /// Keeps the value of an event for its topic and sends the event, with the version that this makes, by `send`.
    ///
    /// Whoever keeps the versions of topics must hold its own lock over both, so that versions are sent in order.
    package typealias Keeper =
        @Sendable (ClusterTopic, ClusterPublication.Retention, ClusterEvent) -> Void

    private struct State {
        var nodes: [Int: MemoryClusterNode] = [:]
        var subscribers: [ClusterTopic: Set<Int>] = [:]
        var lastID = 0
        var keeper: Keeper?
    }

    private let state = Mutex(State())

    /// Makes a bus without nodes.
    package init() {}

    /// Makes the transport of a new node.
    package func transport() -> MemoryClusterTransport {
        let id = state.withLock { state in
            state.lastID += 1
            state.nodes[state.lastID] = MemoryClusterNode()
            return state.lastID
        }
        return MemoryClusterTransport(bus: self, id: id)
    }

    /// Says who keeps the values of events that topics retain; without one they are sent as plain events.
    package func onRetention(_ keeper: @escaping Keeper) {
        state.withLock { $0.keeper = keeper }
    }

    /// Delivers a message to all nodes that are subscribed to a topic; may be called with locks held.
    package func send(_ message: ByteBuffer, on topic: ClusterTopic) {
        let signals = state.withLock { state in
            (state.subscribers[topic] ?? []).compactMap { id in
                guard let token = state.nodes[id]?.wanted[topic] else { return nil as OneShotSignal? }
                return state.nodes[id]?.put(.received(message, topic, token: token))
            }
        }
        for signal in signals { signal.signal() }
    }

    /// Cuts every node off.
    package func cutAll() {
        for id in state.withLock({ Array($0.nodes.keys) }) { cut(id) }
    }

    /// Connects every node again.
    package func restoreAll(forgetting: Bool = false) {
        for id in state.withLock({ $0.nodes.keys.sorted() }) { join(id, forgetting: forgetting) }
        for id in state.withLock({ $0.nodes.keys.sorted() }) { sendBuffered(id) }
    }

    func cut(_ id: Int) {
        change(id) { state, node in
            guard !node.isCut, !node.hasEnded else { return nil }
            node.isCut = true
            guard !node.wanted.isEmpty else { return nil }
            for topic in node.wanted.keys { Self.leave(topic, id, &state.subscribers) }
            return node.put(.interrupted(Array(node.wanted.keys)))
        }
    }

    func restore(_ id: Int, forgetting: Bool) {
        join(id, forgetting: forgetting)
        sendBuffered(id)
    }

    func subscribe(_ id: Int, _ topic: ClusterTopic) {
        change(id) { state, node in
            guard !node.hasEnded, node.wanted[topic] == nil else { return nil }
            node.lastToken += 1
            node.wanted[topic] = node.lastToken
            guard !node.isCut else { return nil }
            state.subscribers[topic, default: []].insert(id)
            return node.put(.subscribed([topic: node.lastToken]))
        }
    }

    func unsubscribe(_ id: Int, _ topic: ClusterTopic) {
        change(id) { state, node in
            node.wanted[topic] = nil
            Self.leave(topic, id, &state.subscribers)
            return nil
        }
    }

    func publish(_ id: Int, _ publication: ClusterPublication) -> Bool {
        let (isTaken, goesOut) = state.withLock { state -> (Bool, Bool) in
            guard let node = state.nodes[id], !node.hasEnded else { return (false, false) }
            guard node.isCut || node.isSendingBuffered else { return (true, true) }
            guard node.buffer.count < MemoryClusterNode.maxBuffered else { return (false, false) }
            state.nodes[id]?.buffer.append(publication)
            return (true, false)
        }
        if goesOut { dispatch(publication) }
        return isTaken
    }

    func isServing(_ id: Int) -> Bool {
        state.withLock { state in
            state.nodes[id].map { !$0.isCut && !$0.isSendingBuffered && !$0.hasEnded } ?? false
        }
    }

    /// Takes out what a node has to be told, or a signal to wait for.
    func take(_ id: Int) -> (events: [MemoryClusterNode.Event], signal: OneShotSignal?) {
        state.withLock { state in
            guard var node = state.nodes[id] else { return ([], nil) }
            let events = node.inbox
            node.inbox = []
            if events.isEmpty { node.waiter = OneShotSignal() }
            state.nodes[id] = node
            return (events, node.waiter)
        }
    }

    /// Whether a node still wants a topic by the subscription that it was served for.
    func wants(_ id: Int, _ topic: ClusterTopic, token: UInt64) -> Bool {
        state.withLock { $0.nodes[id]?.wanted[topic] == token }
    }

    func end(_ id: Int) {
        change(id) { state, node in
            for topic in node.wanted.keys { Self.leave(topic, id, &state.subscribers) }
            node.hasEnded = true
            node.wanted = [:]
            node.buffer = []
            node.inbox = []
            return nil
        }
    }

    private func join(_ id: Int, forgetting: Bool) {
        change(id) { state, node in
            guard node.isCut else { return nil }
            node.isCut = false
            node.isSendingBuffered = true
            for topic in node.wanted.keys { state.subscribers[topic, default: []].insert(id) }
            var signal = forgetting ? node.put(.disturbed) : nil
            if !node.wanted.isEmpty { signal = node.put(.subscribed(node.wanted)) ?? signal }
            return signal
        }
    }

    private func sendBuffered(_ id: Int) {
        while true {
            let next = state.withLock { state -> ClusterPublication? in
                guard var node = state.nodes[id], !node.isCut, node.isSendingBuffered else { return nil }
                let next = node.buffer.popFirst()
                node.isSendingBuffered = next != nil
                state.nodes[id] = node
                return next
            }
            guard let next else { return }
            dispatch(next)
        }
    }

    private func dispatch(_ publication: ClusterPublication) {
        guard let retention = publication.retention, case .event(let event) = ClusterMessage(publication.message),
            let keeper = state.withLock(\.keeper)
        else {
            send(publication.message, on: publication.topic)
            return
        }
        keeper(publication.topic, retention, event)
    }

    /// Changes a node and wakes its task if there is something for it.
    private func change(
        _ id: Int,
        _ body: (inout State, inout MemoryClusterNode) -> OneShotSignal?
    ) {
        let signal = state.withLock { state -> OneShotSignal? in
            guard var node = state.nodes.removeValue(forKey: id) else { return nil }
            defer { state.nodes[id] = node }
            return body(&state, &node)
        }
        signal?.signal()
    }

    private static func leave(_ topic: ClusterTopic, _ id: Int, _ subscribers: inout [ClusterTopic: Set<Int>]) {
        subscribers[topic]?.remove(id)
        if subscribers[topic]?.isEmpty == true { subscribers[topic] = nil }
    }
}
