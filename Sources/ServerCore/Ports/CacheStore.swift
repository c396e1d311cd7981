/// Keeps small values for a limited time, shared by all nodes where the backend is.
///
/// Contract: keys and values are opaque bytes; a value is gone when its time is over; a bounded store may drop values
/// earlier. Implementations are safe to call from any task.
package protocol CacheStore: Sendable {
    /// Reads a value with the time it still has.
    func value(for key: String) async throws(BackendError) -> CachedValue?

    /// Writes a value.
    func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError)

    /// Writes a value unless there is one, atomically, and says whether it did.
    func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool

    /// Removes a value; a missing one is not an error.
    func remove(_ key: String) async throws(BackendError)

    /// Throws when the store cannot answer now.
    func checkHealth() async throws(BackendError)
}

/// A value read from a cache.
package struct CachedValue: Sendable, Equatable {
    package var bytes: [UInt8]
    /// The time until the value ends.
    package var remaining: Duration

    /// Makes a value.
    package init(bytes: [UInt8], remaining: Duration) {
        self.bytes = bytes
        self.remaining = remaining
    }
}
