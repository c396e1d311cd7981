package import ServerCore

/// What an operator can set about channels, with the values they have when nobody does.
package struct HubConfiguration: Sendable, Equatable {
    /// How long a cache channel keeps its last event (Pusher Channels docs, "Cache channels").
    package var cacheChannelTTL: Duration = .seconds(30 * 60)
    /// Cache channels whose event is kept, over all apps; the ones that end soonest give way.
    package var cacheChannelMaxEntries = 100_000
    /// The least time between two `subscription_count` events of a channel with more subscribers than the threshold.
    package var subscriptionCountInterval: Duration = .seconds(5)
    /// Up to so many subscribers, every change is told at once.
    package var subscriptionCountThreshold = 100
    /// How long a channel or member has to stay gone before `channel_vacated` or `member_removed` is sent as a webhook.
    package var webhookGracePeriod: Duration = .seconds(3)
    /// How long a member whose connection broke stays in a presence channel.
    package var ungracefulPresenceGrace: Duration = .zero
    /// Users in one watchlist (Pusher Channels docs, "Watchlist events").
    package var maxWatchlistUsers = 100

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work; empty when everything can.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(cacheChannelTTL > .zero, "channels.cache_ttl_seconds", "must be at least 1")
        problems.require(
            (1...100_000_000).contains(cacheChannelMaxEntries),
            "channels.cache_max_entries",
            "must be 1 to 100000000"
        )
        problems.require(
            subscriptionCountInterval >= .zero,
            "channels.subscription_count_interval_ms",
            "must be at least 0"
        )
        problems.require(
            subscriptionCountThreshold >= 0,
            "channels.subscription_count_threshold",
            "must be at least 0"
        )
        problems.require(
            (Duration.zero...Duration.seconds(3600)).contains(webhookGracePeriod),
            "webhooks.grace_period_ms",
            "must be 0 to 3600000"
        )
        problems.require(
            (Duration.zero...Duration.seconds(3600)).contains(ungracefulPresenceGrace),
            "presence.ungraceful_timeout_seconds",
            "must be 0 to 3600"
        )
        problems.require((0...10_000).contains(maxWatchlistUsers), "users.watchlist_max", "must be 0 to 10000")
        return problems
    }
}
