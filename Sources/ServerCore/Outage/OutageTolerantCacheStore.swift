/// A cache that others can take away: its failures are counted, and refused or passed over as configured.
///
/// Passed over, nothing is found and nothing is kept, so that what must happen once may happen twice.
package struct OutageTolerantCacheStore: CacheStore {
    private let store: any CacheStore
    private let policy: OutagePolicy
    private let monitor: OutageMonitor

    /// Stands in front of a store.
    package init(_ store: any CacheStore, policy: OutagePolicy, monitor: OutageMonitor) {
        self.store = store
        self.policy = policy
        self.monitor = monitor
    }

    package func value(for key: String) async throws(BackendError) -> CachedValue? {
        try await tolerate(nil) { () throws(BackendError) in try await store.value(for: key) }
    }

    package func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) {
        try await tolerate(()) { () throws(BackendError) in try await store.set(value, for: key, ttl: ttl) }
    }

    package func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool {
        try await tolerate(true) { () throws(BackendError) in
            try await store.setIfAbsent(value, for: key, ttl: ttl)
        }
    }

    package func remove(_ key: String) async throws(BackendError) {
        try await tolerate(()) { () throws(BackendError) in try await store.remove(key) }
    }

    /// Throws while the store does not answer, whatever the policy: health tells the truth.
    package func checkHealth() async throws(BackendError) {
        try await store.checkHealth()
    }

    private func tolerate<Value: Sendable>(
        _ substitute: Value,
        _ body: () async throws(BackendError) -> Value
    ) async throws(BackendError) -> Value {
        do throws(BackendError) {
            return try await monitor.watch(body)
        } catch {
            guard policy == .open else { throw error }
            return substitute
        }
    }
}
