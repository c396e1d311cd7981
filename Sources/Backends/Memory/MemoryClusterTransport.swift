package import ServerCore

/// One node's end of a bus in this process.
package final class MemoryClusterTransport: ClusterTransport {
    private let bus: MemoryClusterBus
    private let id: Int

    init(bus: MemoryClusterBus, id: Int) {
        self.bus = bus
        self.id = id
    }

    package func subscribe(_ topic: ClusterTopic) {
        bus.subscribe(id, topic)
    }

    package func unsubscribe(_ topic: ClusterTopic) {
        bus.unsubscribe(id, topic)
    }

    @discardableResult
    package func publish(_ publication: ClusterPublication) -> Bool {
        bus.publish(id, publication)
    }

    package var isServing: Bool { bus.isServing(id) }

    package func run(receiver: any ClusterReceiver) async {
        while !Task.isCancelled {
            let (events, signal) = bus.take(id)
            for event in events { deliver(event, to: receiver) }
            if events.isEmpty { await signal?.wait() }
        }
        bus.end(id)
    }

    /// Returns at once: what waits does so until the node is connected again, which no waiting here brings about.
    package func flush(within duration: Duration) async {}

    /// Cuts the node off: it gets nothing, and what it sends waits.
    package func cut() {
        bus.cut(id)
    }

    /// Connects the node again; with `forgetting`, as to a store that lost its contents.
    package func restore(forgetting: Bool = false) {
        bus.restore(id, forgetting: forgetting)
    }

    private func deliver(_ event: MemoryClusterNode.Event, to receiver: any ClusterReceiver) {
        switch event {
        case .received(let message, let topic, let token):
            guard bus.wants(id, topic, token: token) else { return }
            receiver.received(message, on: topic)
        case .subscribed(let tokens):
            let topics = tokens.filter { bus.wants(id, $0.key, token: $0.value) }.map(\.key)
            if !topics.isEmpty { receiver.subscribed(to: topics) }
        case .interrupted(let topics):
            receiver.interrupted(topics)
        case .disturbed:
            receiver.disturbed { _ in true }
        }
    }
}
