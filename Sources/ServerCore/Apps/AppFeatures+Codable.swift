extension AppFeatures: Codable {
    /// The keys of `policy.features`; the last one is not Sockudo's.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case allowsClientEvents = "enable_client_messages"
        case requiresUserAuthentication = "enable_user_authentication"
        case sendsWatchlistEvents = "enable_watchlist_events"
        case sendsSubscriptionCount = "enable_subscription_count"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let features = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys) throws -> Bool {
            try features.decodeIfPresent(Bool.self, forKey: key) ?? false
        }
        allowsClientEvents = try flag(.allowsClientEvents)
        requiresUserAuthentication = try flag(.requiresUserAuthentication)
        sendsWatchlistEvents = try flag(.sendsWatchlistEvents)
        sendsSubscriptionCount = try flag(.sendsSubscriptionCount)
    }

    package func encode(to encoder: any Encoder) throws {
        var features = encoder.container(keyedBy: CodingKeys.self)
        try features.encode(allowsClientEvents, forKey: .allowsClientEvents)
        try features.encode(requiresUserAuthentication, forKey: .requiresUserAuthentication)
        try features.encode(sendsWatchlistEvents, forKey: .sendsWatchlistEvents)
        try features.encode(sendsSubscriptionCount, forKey: .sendsSubscriptionCount)
    }
}

extension AppIdempotency: Codable {
    /// The keys of `policy.idempotency`.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isEnabled = "enabled"
        case ttlSeconds = "ttl_seconds"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let object = try decoder.container(keyedBy: CodingKeys.self)
        isEnabled = try object.decodeIfPresent(Bool.self, forKey: .isEnabled)
        ttlSeconds = try object.decodeCountIfPresent(forKey: .ttlSeconds)
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encodeIfPresent(isEnabled, forKey: .isEnabled)
        try object.encodeIfPresent(ttlSeconds, forKey: .ttlSeconds)
    }
}
