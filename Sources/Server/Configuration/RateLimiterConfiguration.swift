package import ServerCore

/// The limits per client address; `/up`, `/live` and `/metrics` have none.
package struct RateLimiterConfiguration: Sendable, Equatable {
    package var isEnabled = true
    /// Requests to `/apps/…`.
    package var api = AddressRateLimit(maxRequests: 100, windowSeconds: 60)
    /// Upgrades at `/app/…`.
    package var webSocket = AddressRateLimit(maxRequests: 20, windowSeconds: 60)

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        guard isEnabled else { return [] }
        return api.validate(section: "rate_limiter.api_rate_limit")
            + webSocket.validate(section: "rate_limiter.websocket_rate_limit")
    }
}

/// A limit of requests from one client address.
package struct AddressRateLimit: Sendable, Equatable {
    package var maxRequests: Int
    package var windowSeconds: Int
    /// The trusted hops for this limit alone; 0 takes the listener's.
    package var trustedHops = 0

    /// Makes a limit; both values are at least 1.
    package init(maxRequests: Int, windowSeconds: Int) {
        self.maxRequests = maxRequests
        self.windowSeconds = windowSeconds
    }

    /// The limit as limiters take it.
    package var limit: RateLimit {
        RateLimit(maxRequests: maxRequests, windowSeconds: windowSeconds)
    }

    /// Lists what cannot work, under the section's key.
    package func validate(section: String) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            (1...Int(Int32.max)).contains(maxRequests),
            "\(section).max_requests",
            "must be 1 to 2147483647"
        )
        problems.require((1...86_400).contains(windowSeconds), "\(section).window_seconds", "must be 1 to 86400")
        problems.require((0...64).contains(trustedHops), "\(section).trust_hops", "must be 0 to 64")
        return problems
    }
}
