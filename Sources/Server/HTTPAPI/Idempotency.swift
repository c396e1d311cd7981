import NIOCore
import NIOHTTP1
import ServerCore

/// Remembers the answers of publishes by the key that the publisher gave them, so that a repeated request sends
/// nothing twice and gets the first one's answer (Sockudo's `idempotency_key` and `X-Idempotency-Key`).
struct Idempotency: Sendable {
    let cache: any CacheStore
    let appID: String
    let ttl: Duration

    /// What is known of a key.
    enum Finding: Sendable {
        /// Nothing: the caller does the work and calls `finish`.
        case first
        case duplicate(HTTPReply)
        /// A request with the key has begun and not ended in the time that was waited for it.
        case stillRunning
    }

    /// The answer where the state of a key cannot be known.
    static var unavailable: HTTPFailure {
        var failure = HTTPFailure(.serviceUnavailable, "A request with this idempotency key is still being processed")
        failure.retryAfterSeconds = 1
        return failure
    }

    /// Stands for the answer while it is being made; no answer starts like this.
    private static let placeholder = Array("processing".utf8)
    private static let pollInterval = Duration.milliseconds(50)
    private static let polls = 6

    /// Takes a key, or waits a little for the answer of the request that has it.
    func begin(_ key: String, kind: String) async throws -> Finding {
        let name = storageKey(key, kind)
        if try await cache.setIfAbsent(Self.placeholder, for: name, ttl: ttl) { return .first }
        for poll in 0...Self.polls {
            if let value = try await cache.value(for: name), value.bytes != Self.placeholder {
                return .duplicate(HTTPReply(json: ByteBuffer(bytes: value.bytes)))
            }
            if poll < Self.polls {
                try await Task.sleep(for: Self.pollInterval)
            }
        }
        return .stillRunning
    }

    /// Keeps the answer of a key that `begin` gave to the caller.
    func finish(_ key: String, kind: String, reply: HTTPReply) async throws(BackendError) {
        try await cache.set(Array(reply.body.readableBytesView), for: storageKey(key, kind), ttl: ttl)
    }

    /// Takes the key of one event of a batch; false when it has been taken before.
    func claim(_ key: String) async throws(BackendError) -> Bool {
        try await cache.setIfAbsent(Self.placeholder, for: storageKey(key, "idempotency"), ttl: ttl)
    }

    private func storageKey(_ key: String, _ kind: String) -> String {
        "app:\(appID):\(kind):\(key)"
    }
}
