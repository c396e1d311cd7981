import Synchronization

/// Limits how much of a client's traffic may be retries (AWS SDKs, "Retry behavior", standard mode).
///
/// A retry costs tokens, more after a timeout; a success gives back what its own retries cost, or one.
package final class RetryQuota: Sendable {
    private let tokens: Mutex<Int>
    private let capacity: Int

    /// Makes a full quota.
    package init(capacity: Int = 500) {
        self.capacity = capacity
        tokens = Mutex(capacity)
    }

    /// Takes tokens and says whether there were enough.
    func take(_ count: Int) -> Bool {
        tokens.withLock { tokens in
            guard tokens >= count else { return false }
            tokens -= count
            return true
        }
    }

    /// Returns tokens after a success.
    func giveBack(_ count: Int) {
        tokens.withLock { $0 = min(capacity, $0 + max(1, count)) }
    }

    /// The tokens that are left.
    package var remaining: Int {
        tokens.withLock { $0 }
    }
}
