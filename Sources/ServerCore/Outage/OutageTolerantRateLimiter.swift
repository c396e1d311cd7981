/// A rate limiter that others can take away: its failures are counted, and requests are then refused or allowed.
package struct OutageTolerantRateLimiter: RateLimiter {
    private let limiter: any RateLimiter
    private let policy: OutagePolicy
    private let monitor: OutageMonitor

    /// Stands in front of a limiter.
    package init(_ limiter: any RateLimiter, policy: OutagePolicy, monitor: OutageMonitor) {
        self.limiter = limiter
        self.policy = policy
        self.monitor = monitor
    }

    package func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision? {
        limiter.consumeImmediately(key, limit: limit)
    }

    package func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision {
        do throws(BackendError) {
            return try await monitor.watch { () throws(BackendError) in
                try await limiter.consume(key, limit: limit)
            }
        } catch {
            guard policy == .open else { throw error }
            return RateDecision(
                isAllowed: true,
                limit: limit.maxRequests,
                remaining: limit.maxRequests,
                resetSeconds: limit.windowSeconds
            )
        }
    }
}
