/// Counts requests in a window and says whether one more is allowed.
///
/// Contract: `consume` counts the request if it is allowed; a refused request does not extend the wait.
/// Implementations are safe to call from any task and, for `consumeImmediately`, from any thread without blocking.
package protocol RateLimiter: Sendable {
    /// Decides without waiting, where the implementation can; `nil` sends the caller to `consume`.
    func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision?

    /// Decides.
    func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision
}

/// So many requests in so many seconds.
package struct RateLimit: Sendable, Equatable, Hashable {
    package var maxRequests: Int
    package var windowSeconds: Int

    /// Makes a limit; both values are at least 1.
    package init(maxRequests: Int, windowSeconds: Int) {
        self.maxRequests = maxRequests
        self.windowSeconds = windowSeconds
    }
}

/// A limiter's answer, with the numbers for the `x-ratelimit-…` header fields.
package struct RateDecision: Sendable, Equatable {
    package var isAllowed: Bool
    package var limit: Int
    /// Requests left in the window.
    package var remaining: Int
    /// Whole seconds, at least 1, until a request can be allowed again or the window is fresh.
    package var resetSeconds: Int

    /// Makes a decision.
    package init(isAllowed: Bool, limit: Int, remaining: Int, resetSeconds: Int) {
        self.isAllowed = isAllowed
        self.limit = limit
        self.remaining = remaining
        self.resetSeconds = resetSeconds
    }
}
