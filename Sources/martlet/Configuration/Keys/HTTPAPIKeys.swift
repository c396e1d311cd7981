import Server

/// The HTTP API, with Sockudo's names; `http_api.stats_token` is Martlet's.
enum HTTPAPIKeys {
    static let all: [SettingKey] = [
        .size(
            "http_api.request_limit_in_mb",
            "MARTLET_HTTP_API_REQUEST_LIMIT_IN_MB",
            in: .mebibytes,
            at: \.server.listener.limits.maxBodyBytes,
            "Size of a request's body"
        ),
        .flag("http_api.usage_enabled", "HTTP_API_USAGE_ENABLED", at: \.server.httpAPI.isUsageEnabled, "Answer /usage"),
        .optionalText(
            "http_api.stats_token",
            "MARTLET_HTTP_API_STATS_TOKEN",
            at: \.server.httpAPI.statsToken,
            isSecret: true,
            "Bearer token that opens /stats and /usage on the public port"
        ),
        .list("cors.origin", "CORS_ORIGINS", at: \.server.cors.origins, "Origins that may call the HTTP API"),
        .list("cors.methods", "CORS_METHODS", at: \.server.cors.methods, "Methods that they may use"),
        .list("cors.allowed_headers", "CORS_HEADERS", at: \.server.cors.allowedHeaders, "Headers that they may send"),
        .flag(
            "cors.credentials",
            "CORS_CREDENTIALS",
            at: \.server.cors.allowsCredentials,
            "Allow credentials; off with origin *"
        ),
        .flag(
            "idempotency.enabled",
            "IDEMPOTENCY_ENABLED",
            at: \.server.idempotency.isEnabled,
            "Remember publish requests by their idempotency key"
        ),
        .number(
            "idempotency.ttl_seconds",
            "IDEMPOTENCY_TTL_SECONDS",
            at: \.server.idempotency.ttlSeconds,
            "Seconds for which a key is remembered"
        ),
        .number(
            "idempotency.max_key_length",
            "IDEMPOTENCY_MAX_KEY_LENGTH",
            at: \.server.idempotency.maxKeyBytes,
            "Bytes of a key"
        ),
    ]
}
