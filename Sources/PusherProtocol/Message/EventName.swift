/// The names of the protocol's own events (Pusher protocol 7, "Events").
package enum EventName {
    /// Events from client to server.
    package enum Client: String, CaseIterable, Sendable {
        case ping = "pusher:ping"
        case pong = "pusher:pong"
        case subscribe = "pusher:subscribe"
        case unsubscribe = "pusher:unsubscribe"
        case signin = "pusher:signin"
    }

    /// Events from server to client.
    package enum Server: String, CaseIterable, Sendable {
        case connectionEstablished = "pusher:connection_established"
        case error = "pusher:error"
        case ping = "pusher:ping"
        case pong = "pusher:pong"
        case signinSuccess = "pusher:signin_success"
        case cacheMiss = "pusher:cache_miss"
        case subscriptionError = "pusher:subscription_error"
        case subscriptionSucceeded = "pusher_internal:subscription_succeeded"
        case memberAdded = "pusher_internal:member_added"
        case memberRemoved = "pusher_internal:member_removed"
        case subscriptionCount = "pusher_internal:subscription_count"
        case watchlistEvents = "pusher_internal:watchlist_events"
    }

    /// The prefix that events from client to clients must have.
    package static let clientEventPrefix = "client-"
    /// The prefixes that applications may not use.
    package static let reservedPrefixes = ["pusher:", "pusher_internal:"]
}
