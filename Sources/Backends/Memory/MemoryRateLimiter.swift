package import ServerCore
import Synchronization

/// Limits rates within this process, in sliding windows, without ever waiting.
///
/// Keys are spread over several locks. Their number is bounded; when too many are in use at a time, those that asked
/// least recently are forgotten and start anew.
package final class MemoryRateLimiter: RateLimiter {
    private static let stripeCount = 16
    private static let sweptSlots = 2

    private let stripes = (0..<MemoryRateLimiter.stripeCount).map { _ in Stripe() }
    private let maxKeysPerStripe: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let origin: ContinuousClock.Instant

    /// One share of the keys behind its own lock.
    private final class Stripe: Sendable {
        let windows = Mutex(RecencyTable<String, SlidingWindow>())
    }

    /// Makes a limiter that has counted nothing.
    package init(
        maxKeys: Int = 100_000,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.maxKeysPerStripe = max(maxKeys / Self.stripeCount, 1)
        self.now = now
        self.origin = now()
    }

    /// The number of keys held.
    package var keyCount: Int {
        stripes.reduce(0) { $0 + $1.windows.withLock(\.count) }
    }

    /// Decides; this implementation always can.
    package func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision? {
        decide(key, limit: limit)
    }

    package func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision {
        decide(key, limit: limit)
    }

    private func decide(_ key: String, limit: RateLimit) -> RateDecision {
        let stripe = stripes[Int(UInt(bitPattern: key.hashValue) % UInt(Self.stripeCount))]
        return stripe.windows.withLock { windows in
            // Read under the lock, so that the times of one window never decrease.
            let elapsed = origin.duration(to: now()).components
            let milliseconds = Int(elapsed.seconds) * 1_000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
            _ = windows.sweep(Self.sweptSlots) { $0.isOver(at: milliseconds) }
            if let decision = windows.update(key, { $0.consume(limit, at: milliseconds) }) { return decision }
            var window = SlidingWindow(limit, at: milliseconds)
            let decision = window.consume(limit, at: milliseconds)
            windows.insert(window, for: key)
            while windows.count > maxKeysPerStripe, windows.removeOldest() != nil {}
            return decision
        }
    }
}
