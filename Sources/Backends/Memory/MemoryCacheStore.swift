package import ServerCore
import Synchronization

/// Keeps small values in this process, bounded in number and bytes.
///
/// When it is full the least recently used values go first. Values whose time is over are removed when they are read,
/// and a few of the others with every write, so nothing has to run beside it. Every operation takes constant time.
package final class MemoryCacheStore: CacheStore {
    /// What an entry costs beside its key and value.
    private static let entryOverheadBytes = 128
    /// How many slots each write examines: more than one, so that sweeping outruns growth.
    private static let sweptSlots = 4

    private let maxEntries: Int
    private let maxBytes: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// The values and their cost.
    private struct State: Sendable {
        var entries = RecencyTable<String, Entry>()
        var bytes = 0

        mutating func remove(_ key: String) {
            if let removed = entries.remove(key) { bytes -= removed.cost }
        }
    }

    /// A value and when it ends.
    private struct Entry: Sendable {
        var value: [UInt8]
        var expiresAt: ContinuousClock.Instant
        /// What it counts against the bound of bytes.
        var cost: Int
    }

    /// Makes an empty store.
    package init(
        maxEntries: Int = 10_000,
        maxBytes: Int = 64 << 20,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.maxEntries = max(maxEntries, 1)
        self.maxBytes = maxBytes
        self.now = now
    }

    /// The number of values held, those whose time is over included until they are swept, and what they cost.
    package var usage: (entries: Int, bytes: Int) {
        state.withLock { ($0.entries.count, $0.bytes) }
    }

    package func value(for key: String) async throws(BackendError) -> CachedValue? {
        let now = now()
        return state.withLock { state -> CachedValue? in
            let found = state.entries.update(key) { entry -> CachedValue in
                CachedValue(bytes: entry.value, remaining: now.duration(to: entry.expiresAt))
            }
            guard let found else { return nil }
            if found.remaining > .zero { return found }
            state.remove(key)
            return nil
        }
    }

    package func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) {
        let entry = try entry(value, for: key, ttl: ttl)
        state.withLock { state in
            insert(entry, for: key, into: &state)
        }
    }

    package func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool {
        let now = now()
        let entry = try entry(value, for: key, ttl: ttl)
        return state.withLock { state in
            if let present = state.entries.peek(key), present.expiresAt > now { return false }
            insert(entry, for: key, into: &state)
            return true
        }
    }

    package func remove(_ key: String) async throws(BackendError) {
        state.withLock { $0.remove(key) }
    }

    package func checkHealth() async throws(BackendError) {}

    private func entry(_ value: [UInt8], for key: String, ttl: Duration) throws(BackendError) -> Entry {
        let cost = key.utf8.count + value.count + Self.entryOverheadBytes
        guard cost <= maxBytes else {
            throw BackendError(.capacityExceeded, "a value of \(value.count) bytes does not fit into the memory cache")
        }
        return Entry(value: value, expiresAt: now() + ttl, cost: cost)
    }

    private func insert(_ entry: Entry, for key: String, into state: inout State) {
        let now = now()
        for swept in state.entries.sweep(Self.sweptSlots, where: { $0.expiresAt <= now }) {
            state.bytes -= swept.value.cost
        }
        state.remove(key)
        guard entry.expiresAt > now else { return }
        state.entries.insert(entry, for: key)
        state.bytes += entry.cost
        while state.entries.count > maxEntries || state.bytes > maxBytes {
            guard let evicted = state.entries.removeOldest() else { return }
            state.bytes -= evicted.value.cost
        }
    }
}
