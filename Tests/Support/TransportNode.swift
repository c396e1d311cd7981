import NIOCore
package import ServerCore
import Synchronization

/// A transport that runs, with a witness of what it tells, and a node's way to number its events.
package final class TransportNode: Sendable {
    package let transport: any ClusterTransport
    package let witness = TransportWitness()
    /// The name under which the node publishes.
    package let publisher = UInt64.random(in: 1 ... .max)
    private let sequences = Mutex<[ClusterTopic: UInt64]>([:])

    private init(_ transport: any ClusterTransport) {
        self.transport = transport
    }

    /// Runs so many nodes while `body` goes on.
    package static func run(
        _ count: Int,
        make: () async throws -> any ClusterTransport,
        _ body: ([TransportNode]) async throws -> Void
    ) async throws {
        var nodes: [TransportNode] = []
        for _ in 0..<count { nodes.append(TransportNode(try await make())) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask { await node.transport.run(receiver: node.witness) }
            }
            defer { group.cancelAll() }
            try await body(nodes)
        }
    }

    /// Asks for topics and waits until they are served.
    package func subscribe(_ topics: ClusterTopic...) async {
        for topic in topics { transport.subscribe(topic) }
        await witness.wait(forService: topics)
    }

    /// Publishes the next event on a topic; its frame is its number.
    @discardableResult
    package func publish(on topic: ClusterTopic, retaining ttl: Duration? = nil) -> ClusterEvent {
        // Numbered and sent under one lock, as a node does.
        sequences.withLock { sequences in
            let number = (sequences[topic] ?? 0) + 1
            sequences[topic] = number
            let event = ClusterEvent(
                publisher: publisher,
                sequence: number,
                except: nil,
                frame: ByteBuffer(string: "\(number)")
            )
            transport.publish(
                ClusterPublication(
                    topic: topic,
                    message: ClusterMessage.event(event).encoded,
                    retention: ttl.map { .init(value: ByteBuffer(string: "kept \(number)"), ttl: $0) }
                )
            )
            return event
        }
    }

    /// How many events were published on a topic.
    package func published(on topic: ClusterTopic) -> UInt64 {
        sequences.withLock { $0[topic] ?? 0 }
    }
}
