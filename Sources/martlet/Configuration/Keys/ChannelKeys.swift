import ChannelHub

/// Channels, presence and watchlists; all but `presence.ungraceful_timeout_seconds` are Martlet's own.
enum ChannelKeys {
    static let all: [SettingKey] = [
        .seconds(
            "channels.cache_ttl_seconds",
            "MARTLET_CHANNELS_CACHE_TTL_SECONDS",
            at: \.hub.cacheChannelTTL,
            "Time for which a cache channel keeps its last event"
        ),
        .number(
            "channels.cache_max_entries",
            "MARTLET_CHANNELS_CACHE_MAX_ENTRIES",
            at: \.hub.cacheChannelMaxEntries,
            "Cache channels whose last event is kept"
        ),
        .milliseconds(
            "channels.subscription_count_interval_ms",
            "MARTLET_CHANNELS_SUBSCRIPTION_COUNT_INTERVAL_MS",
            at: \.hub.subscriptionCountInterval,
            "Least time between two counts of a large channel"
        ),
        .number(
            "channels.subscription_count_threshold",
            "MARTLET_CHANNELS_SUBSCRIPTION_COUNT_THRESHOLD",
            at: \.hub.subscriptionCountThreshold,
            "Subscribers up to which every change is told at once"
        ),
        .seconds(
            "presence.ungraceful_timeout_seconds",
            "PRESENCE_UNGRACEFUL_TIMEOUT_SECONDS",
            at: \.hub.ungracefulPresenceGrace,
            "Time a member stays whose connection broke"
        ),
        .milliseconds(
            "webhooks.grace_period_ms",
            "MARTLET_WEBHOOKS_GRACE_PERIOD_MS",
            at: \.hub.webhookGracePeriod,
            "Time before channel_vacated and member_removed are sent"
        ),
        .number(
            "users.watchlist_max",
            "MARTLET_USERS_WATCHLIST_MAX",
            at: \.hub.maxWatchlistUsers,
            "Users in one watchlist"
        ),
    ]
}
