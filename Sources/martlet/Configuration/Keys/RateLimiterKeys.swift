import Server

/// The limits per client address, with Sockudo's names.
enum RateLimiterKeys {
    static let all: [SettingKey] = [
        .flag(
            "rate_limiter.enabled",
            "RATE_LIMITER_ENABLED",
            at: \.server.rateLimiter.isEnabled,
            "Limit requests per client address"
        ),
        .driver("rate_limiter.driver", "RATE_LIMITER_DRIVER", role: "rate limiter", at: \.drivers.rateLimiter),
        .choice(
            "rate_limiter.on_error",
            "MARTLET_RATE_LIMITER_ON_ERROR",
            at: \.rateLimiterPolicy,
            "While a shared limiter does not answer: closed refuses, open allows"
        ),
        .number(
            "rate_limiter.api_rate_limit.max_requests",
            "RATE_LIMITER_API_MAX_REQUESTS",
            at: \.server.rateLimiter.api.maxRequests,
            "API requests in a window"
        ),
        .number(
            "rate_limiter.api_rate_limit.window_seconds",
            "RATE_LIMITER_API_WINDOW_SECONDS",
            at: \.server.rateLimiter.api.windowSeconds,
            "Seconds of the window"
        ),
        .number(
            "rate_limiter.api_rate_limit.trust_hops",
            "RATE_LIMITER_API_TRUST_HOPS",
            at: \.server.rateLimiter.api.trustedHops,
            "Trusted proxies for this limit; 0 takes listener.trusted_hops"
        ),
        .number(
            "rate_limiter.websocket_rate_limit.max_requests",
            "RATE_LIMITER_WS_MAX_REQUESTS",
            at: \.server.rateLimiter.webSocket.maxRequests,
            "Upgrades in a window"
        ),
        .number(
            "rate_limiter.websocket_rate_limit.window_seconds",
            "RATE_LIMITER_WS_WINDOW_SECONDS",
            at: \.server.rateLimiter.webSocket.windowSeconds,
            "Seconds of the window"
        ),
        .number(
            "rate_limiter.websocket_rate_limit.trust_hops",
            "RATE_LIMITER_WS_TRUST_HOPS",
            at: \.server.rateLimiter.webSocket.trustedHops,
            "Trusted proxies for this limit; 0 takes listener.trusted_hops"
        ),
    ]
}
