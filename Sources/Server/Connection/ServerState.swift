import Synchronization

/// What all parts of the server know of its life.
///
/// Threading: safe from any thread.
final class ServerState: Sendable {
    private let draining = Atomic<Bool>(false)
    private let connectionCount = Atomic<Int>(0)
    private let maxConnections: Int

    /// Starts with a limit on the node's WebSocket connections; 0 is unlimited.
    init(maxConnections: Int) {
        self.maxConnections = maxConnections
    }

    /// Shutdown has begun: no new connections, health says so.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func startDraining() {
        draining.store(true, ordering: .releasing)
    }

    /// Open WebSocket connections, those that are being refused included.
    var connections: Int { connectionCount.load(ordering: .relaxed) }

    /// Counts a connection in; false when the node is full, and then it is not counted.
    func admit() -> Bool {
        let count = connectionCount.add(1, ordering: .relaxed).newValue
        guard maxConnections == 0 || count <= maxConnections else {
            connectionCount.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func release() {
        connectionCount.subtract(1, ordering: .relaxed)
    }
}
