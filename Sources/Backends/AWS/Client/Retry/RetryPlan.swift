/// Decides whether a failed call is sent again, and when (AWS SDKs, "Retry behavior", standard mode).
package struct RetryPlan: Sendable {
    private let maxAttempts: Int
    /// The attempts that failed.
    private(set) var attempts = 0
    /// The quota's tokens that the last retry cost.
    private(set) var debt = 0
    private var hasCorrectedClock = false
    private var hasChangedKey = false

    /// What is done after a failure.
    package enum Decision: Sendable, Equatable {
        case again(after: Duration)
        case stop
    }

    /// What was learned from a failure.
    package struct Recovery: Sendable, Equatable {
        /// The clock was wrong and is corrected.
        package var correctedClock = false
        /// The key was refused and there is another now.
        package var changedKey = false
        /// The pause that the service asks for.
        package var retryAfter: Duration?

        /// Makes a recovery of nothing.
        package init(retryAfter: Duration? = nil) {
            self.retryAfter = retryAfter
        }
    }

    /// Makes a plan for one call.
    package init(maxAttempts: Int) {
        self.maxAttempts = max(1, maxAttempts)
    }

    /// Decides on one more failure; `jitter` is a number from 0 up to 1.
    ///
    /// A corrected clock and another key are worth one attempt each at once, beyond the number of attempts.
    package mutating func next(
        after error: AWSError,
        recovery: Recovery,
        jitter: Double,
        quota: RetryQuota
    ) -> Decision {
        attempts += 1
        if recovery.correctedClock, !hasCorrectedClock {
            hasCorrectedClock = true
            return .again(after: .zero)
        }
        if recovery.changedKey, !hasChangedKey {
            hasChangedKey = true
            return .again(after: .zero)
        }
        guard attempts < maxAttempts, Self.isRetryable(error) else { return .stop }
        let cost = error.kind == .transport ? 10 : 5
        guard quota.take(cost) else { return .stop }
        debt = cost
        return .again(after: Self.pause(attempts, error, recovery.retryAfter, jitter))
    }

    /// The last error, with the number of attempts.
    func final(_ error: AWSError) -> AWSError {
        var error = error
        error.attempts = attempts
        return error
    }

    /// Full jitter over a doubling pause, longer where the service asks for less traffic; its own wish is a minimum.
    private static func pause(_ attempt: Int, _ error: AWSError, _ wish: Duration?, _ jitter: Double) -> Duration {
        let base = error.kind == .throttled ? 500.0 : 100.0
        let bound = min(base * Double(1 << min(attempt - 1, 16)), 20_000)
        let own = Duration.milliseconds(Int64(bound * jitter))
        return max(own, min(wish ?? .zero, .seconds(20)))
    }

    private static func isRetryable(_ error: AWSError) -> Bool {
        switch error.kind {
        case .throttled, .unavailable: true
        case .transport: !error.isPermanent
        default: false
        }
    }

    /// The errors by which a wrong clock shows (AWS SDKs' `clock_skew` codes).
    static func canBeSkew(_ error: AWSError) -> Bool {
        error.isNamed(
            "RequestTimeTooSkewed",
            "RequestExpired",
            "RequestInTheFuture",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "AuthFailure",
            "InvalidSignature"
        )
    }

    /// The errors by which an ended or replaced key shows.
    static func canBeStaleKey(_ error: AWSError) -> Bool {
        error.isNamed(
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidToken",
            "RequestExpired",
            "InvalidAccessKeyId",
            "InvalidSecurity"
        )
    }
}
