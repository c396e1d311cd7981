/// One tenant of the server: its credentials, its policies and its webhooks.
///
/// The values mean what they mean in Sockudo's app object; a limit of `nil` there is the default here.
package struct App: Sendable, Equatable, Identifiable {
    /// The id in HTTP API paths; official server libraries in URL form demand digits only.
    package var id: String
    /// The public key in WebSocket paths and in auth strings.
    package var key: String
    /// The secret that signs requests, subscriptions and webhooks.
    package var secret: String
    /// Older secrets that still verify while clients are moved to the new one; they never sign.
    package var previousSecrets: [String]
    /// A disabled app refuses connections (4003) and HTTP requests (403).
    package var isEnabled: Bool
    package var limits: AppLimits
    package var features: AppFeatures
    /// The origin patterns that may connect; empty allows all.
    package var allowedOrigins: [String]
    package var webhooks: [Webhook]
    package var idempotency: AppIdempotency

    /// Makes an app with default policies.
    package init(
        id: String,
        key: String,
        secret: String,
        limits: AppLimits = AppLimits(),
        features: AppFeatures = AppFeatures()
    ) {
        self.id = id
        self.key = key
        self.secret = secret
        self.previousSecrets = []
        self.isEnabled = true
        self.limits = limits
        self.features = features
        self.allowedOrigins = []
        self.webhooks = []
        self.idempotency = AppIdempotency()
    }
}

/// What one app may use; the defaults are Pusher's (Pusher Channels docs, "Limits").
package struct AppLimits: Sendable, Equatable {
    /// Open connections over the whole cluster; 0 is unlimited.
    package var maxConnections = 0
    /// Client events a second and connection; 0 is unlimited.
    package var maxClientEventsPerSecond = 10
    /// The window of the client-event limit, in seconds; the limit then counts events per window.
    package var clientEventWindowSeconds = 1
    /// Closes a connection that exceeds the client-event limit instead of only refusing the event.
    package var terminatesOnClientEventLimit = false
    /// A limit on everything that a connection sends; `nil` is unlimited.
    package var messageRate: MessageRateLimit?
    /// Distinct users in a presence channel.
    package var maxPresenceMembersPerChannel = 100
    /// The bytes of a member's `user_info`.
    package var maxPresenceMemberBytes = 1024
    /// The bytes of a channel name.
    package var maxChannelNameBytes = 164
    /// Channels in one publish request.
    package var maxChannelsPerEvent = 100
    /// The bytes of an event name.
    package var maxEventNameBytes = 200
    /// The bytes of an event's data string, before JSON escaping.
    package var maxEventPayloadBytes = 10_240
    /// Events in one batch request.
    package var maxBatchEvents = 10

    /// Makes Pusher's limits.
    package init() {}
}

/// A limit on the messages that one connection sends, of every kind.
package struct MessageRateLimit: Sendable, Equatable {
    package var maxMessages = 60
    package var windowSeconds = 60
    /// Closes the connection (4301's meaning, sent as an error, then 4100) instead of dropping the message.
    package var terminatesOnLimit = false

    /// Makes Sockudo's default limit.
    package init() {}
}

/// What one app has switched on.
package struct AppFeatures: Sendable, Equatable {
    /// Clients may send `client-…` events.
    package var allowsClientEvents = false
    /// A connection must sign in or join an authorized channel in time, or is closed with 4009.
    package var requiresUserAuthentication = false
    /// Signed-in users are told when users of their watchlist come and go.
    package var sendsWatchlistEvents = false
    /// Subscribers are told how many connections a channel has.
    package var sendsSubscriptionCount = false

    /// Makes a set with everything off.
    package init() {}
}

/// An app's override of the server's idempotency settings; `nil` takes the server's.
package struct AppIdempotency: Sendable, Equatable {
    package var isEnabled: Bool?
    package var ttlSeconds: Int?

    /// Makes an override of nothing.
    package init() {}
}
