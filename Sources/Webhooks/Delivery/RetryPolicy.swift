import ServerCore

/// Decides when a failed delivery is tried again: exponential back-off with full jitter, within a time.
struct RetryPolicy: Equatable {
    private var settings: WebhookConfiguration.Retry

    /// The server's settings with a webhook's own in front.
    init(_ settings: WebhookConfiguration.Retry, override: WebhookRetry? = nil) {
        self.settings = settings
        self.settings.isEnabled = override?.isEnabled ?? settings.isEnabled
        self.settings.maxAttempts = override?.maxAttempts ?? settings.maxAttempts
        self.settings.maxElapsed = override?.maxElapsed ?? settings.maxElapsed
    }

    /// The time after which nothing is tried again.
    var maxElapsed: Duration { settings.maxElapsed }

    /// The pause before the next try, or `nil` to give up.
    ///
    /// The last try falls on the end of the allowed time at the latest. `attempt` is the number of the try that
    /// failed, from 1; `jitter` is from 0 up to 1.
    func pause(afterAttempt attempt: Int, elapsed: Duration, jitter: Double) -> Duration? {
        guard settings.isEnabled, attempt < settings.maxAttempts ?? Int.max, elapsed < settings.maxElapsed else {
            return nil
        }
        // 2^30 seconds is beyond any maximum; a larger shift would overflow.
        let longest = min(settings.maxBackoff, settings.initialBackoff * (1 << min(30, max(0, attempt - 1))))
        return min(longest * jitter, settings.maxElapsed - elapsed)
    }
}
