import CoreMetrics
import Logging
import PrometheusMetrics
import ServerCore
import Synchronization
import Testing

@Suite("Outages of shared backends")
struct OutageTests {
    private let registry = PrometheusRegistry(
        prefix: "martlet_",
        descriptions: [MetricDescription(name: MetricName.backendFailures.rawValue, kind: .counter, help: "")]
    )

    private var monitor: OutageMonitor {
        OutageMonitor(role: "cache", metrics: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A cache and limiter that answer or do not, as told.
    private final class Switchable: CacheStore, RateLimiter {
        let isOut = Mutex(false)

        private func answer<Value>(_ value: Value) throws(BackendError) -> Value {
            guard !isOut.withLock(\.self) else { throw BackendError(.unavailable, "switched off") }
            return value
        }

        func value(for key: String) async throws(BackendError) -> CachedValue? {
            try answer(CachedValue(bytes: [1], remaining: .seconds(1)))
        }

        func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) { try answer(()) }

        func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool {
            try answer(false)
        }

        func remove(_ key: String) async throws(BackendError) { try answer(()) }

        func checkHealth() async throws(BackendError) { try answer(()) }

        func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision? { nil }

        func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision {
            try answer(RateDecision(isAllowed: false, limit: limit.maxRequests, remaining: 0, resetSeconds: 1))
        }
    }

    private func failures() -> String? {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("martlet_backend_failures_total{")
        }
        .flatMap { $0.split(separator: " ").last.map(String.init) }
    }

    @Test("an open cache finds and keeps nothing while its backend is away, and says so in health and metrics")
    func openCache() async throws {
        let backend = Switchable()
        let cache = OutageTolerantCacheStore(backend, policy: .open, monitor: monitor)
        #expect(try await cache.value(for: "a") != nil)
        #expect(try await cache.setIfAbsent([], for: "a", ttl: .seconds(1)) == false)
        backend.isOut.withLock { $0 = true }
        #expect(try await cache.value(for: "a") == nil)
        #expect(try await cache.setIfAbsent([], for: "a", ttl: .seconds(1)))
        try await cache.set([], for: "a", ttl: .seconds(1))
        try await cache.remove("a")
        await #expect(throws: BackendError.self) { try await cache.checkHealth() }
        #expect(failures() == "4")
        backend.isOut.withLock { $0 = false }
        #expect(try await cache.value(for: "a") != nil)
    }

    @Test("a closed cache passes the failure on, counted")
    func closedCache() async throws {
        let backend = Switchable()
        backend.isOut.withLock { $0 = true }
        let cache = OutageTolerantCacheStore(backend, policy: .closed, monitor: monitor)
        let error = await #expect(throws: BackendError.self) { try await cache.value(for: "a") }
        #expect(error?.code == .unavailable)
        #expect(failures() == "1")
    }

    @Test("a limiter allows or fails while its backend is away, as configured")
    func limiter() async throws {
        let limit = RateLimit(maxRequests: 5, windowSeconds: 60)
        let backend = Switchable()
        let open = OutageTolerantRateLimiter(backend, policy: .open, monitor: monitor)
        let closed = OutageTolerantRateLimiter(backend, policy: .closed, monitor: monitor)
        #expect(try await open.consume("a", limit: limit).isAllowed == false)
        backend.isOut.withLock { $0 = true }
        let decision = try await open.consume("a", limit: limit)
        #expect(decision == RateDecision(isAllowed: true, limit: 5, remaining: 5, resetSeconds: 60))
        await #expect(throws: BackendError.self) { try await closed.consume("a", limit: limit) }
    }
}
