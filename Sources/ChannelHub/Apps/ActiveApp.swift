import CoreMetrics
package import Digest
package import ServerCore
import Synchronization

/// An app that this node serves: its current policies with what is derived from them, and its counters.
///
/// Threading: safe from any thread.
package final class ActiveApp: Sendable {
    /// Short for the id; unique on this node and never given again.
    package let number: UInt32
    package let id: String
    package let metrics: AppMetrics
    private let state: Mutex<State>
    private let connectionCount = Atomic<Int>(0)

    private struct State {
        var snapshot: AppSnapshot
        /// The reading of the app that the snapshot is of: as a rule the next request has the very same.
        var reading: SharedApp
    }

    init(number: UInt32, reading: SharedApp, metrics: AppMetrics) {
        self.number = number
        self.id = reading.app.id
        self.metrics = metrics
        self.state = Mutex(State(snapshot: AppSnapshot(reading.app), reading: reading))
    }

    /// The policies of now; read once per piece of work, so that it sees one state of the app.
    package var current: AppSnapshot {
        state.withLock { $0.snapshot }
    }

    /// Takes new policies; returns whether anything changed.
    @discardableResult
    package func update(_ reading: SharedApp) -> Bool {
        state.withLock { state in
            guard state.reading !== reading else { return false }
            state.reading = reading
            guard state.snapshot.app != reading.app else { return false }
            state.snapshot = AppSnapshot(reading.app)
            return true
        }
    }

    /// The open connections of this app on this node.
    package var connections: Int { connectionCount.load(ordering: .relaxed) }

    /// Counts a connection in, unless the app's quota is used up.
    package func admitConnection() -> Bool {
        let limit = current.app.limits.maxConnections
        let count = connectionCount.add(1, ordering: .relaxed).newValue
        guard limit == 0 || count <= limit else {
            connectionCount.subtract(1, ordering: .relaxed)
            return false
        }
        metrics.connected.increment(by: 1)
        metrics.newConnections.increment(by: 1)
        return true
    }

    /// Counts a connection in that the cluster has admitted.
    func countConnection() {
        connectionCount.add(1, ordering: .relaxed)
        metrics.connected.increment(by: 1)
        metrics.newConnections.increment(by: 1)
    }

    /// Counts a connection out.
    package func releaseConnection() {
        connectionCount.subtract(1, ordering: .relaxed)
        metrics.connected.decrement(by: 1)
        metrics.newDisconnections.increment(by: 1)
    }
}

/// One state of an app's policies, immutable, with the keys and sets that requests need.
package final class AppSnapshot: Sendable {
    package let app: App
    /// The current secret's key first, then the ones that still verify.
    package let keys: [HMACKey]
    /// The events that at least one webhook of the app wants.
    package let webhookTypes: WebhookEventTypes

    init(_ app: App) {
        self.app = app
        keys = ([app.secret] + app.previousSecrets).map { HMACKey(secret: $0) }
        webhookTypes = app.webhooks.reduce(into: []) { $0.formUnion($1.eventTypes) }
    }
}
