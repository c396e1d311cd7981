extension App {
    /// Lists what cannot work in an app, with keys relative to it; empty when everything can.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(!id.isEmpty, "id", "must not be empty")
        problems.require(Self.isPathSafe(id), "id", "must not contain '/', '?', '#', '%', spaces or control characters")
        problems.require(!key.isEmpty, "key", "must not be empty")
        problems.require(
            Self.isPathSafe(key) && !key.contains(":"),
            "key",
            "must not contain ':', '/', '?', '#', '%', spaces or control characters"
        )
        problems.require(!secret.isEmpty, "secret", "must not be empty")
        problems.require(!previousSecrets.contains(""), "previous_secrets", "must not contain an empty secret")
        for origin in allowedOrigins where !OriginPattern.isValid(origin) {
            problems.append(
                ConfigurationProblem(
                    key: "channels.allowed_origins",
                    message: "'\(origin)' must be an origin or host with at most one '*'"
                )
            )
        }
        problems.require(idempotency.ttlSeconds ?? 1 >= 1, "idempotency.ttl_seconds", "must be at least 1")
        for (index, webhook) in webhooks.enumerated() {
            problems += webhook.validate().map {
                ConfigurationProblem(key: "webhooks[\(index)].\($0.key)", message: $0.message)
            }
        }
        return problems + limits.validate()
    }

    /// Says whether a text can be one segment of a path as it is.
    private static func isPathSafe(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"/?#%".utf8.contains($0) }
    }
}

extension AppLimits {
    /// Lists what cannot work, with keys relative to the app.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for (key, value) in [
            (CodingKeys.clientEventWindowSeconds, clientEventWindowSeconds),
            (.maxPresenceMembersPerChannel, maxPresenceMembersPerChannel),
            (.maxPresenceMemberKibibytes, maxPresenceMemberBytes),
            (.maxChannelNameBytes, maxChannelNameBytes),
            (.maxChannelsPerEvent, maxChannelsPerEvent),
            (.maxEventNameBytes, maxEventNameBytes),
            (.maxEventPayloadKibibytes, maxEventPayloadBytes),
            (.maxBatchEvents, maxBatchEvents),
        ] {
            problems.require(value >= 1, "limits.\(key.rawValue)", "must be at least 1")
        }
        problems.require(maxConnections >= 0, "limits.max_connections", "must be at least 0")
        problems.require(maxClientEventsPerSecond >= 0, "limits.max_client_events_per_second", "must be at least 0")
        if let messageRate {
            problems.require(
                messageRate.maxMessages >= 1 && messageRate.windowSeconds >= 1,
                "limits.message_rate_limit",
                "max_attempts and decay_seconds must be at least 1"
            )
        }
        return problems
    }
}
