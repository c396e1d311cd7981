import ServerCore

/// The default app, which takes the place of the inline apps.
///
/// Each variable has two names: `MARTLET_DEFAULT_APP_…` and Sockudo's `SOCKUDO_DEFAULT_APP_…`. A limit that is not set
/// takes Martlet's default, which is Pusher's, and not the 100 of Sockudo.
enum DefaultAppKeys {
    static let all: [SettingKey] = credentials + features + limits

    private static let credentials: [SettingKey] = [
        .optionalText(
            "default_app.id",
            "MARTLET_DEFAULT_APP_ID",
            "SOCKUDO_DEFAULT_APP_ID",
            at: \.appManager.defaultApp.id,
            "App id"
        ),
        .optionalText(
            "default_app.key",
            "MARTLET_DEFAULT_APP_KEY",
            "SOCKUDO_DEFAULT_APP_KEY",
            at: \.appManager.defaultApp.key,
            "App key"
        ),
        .optionalText(
            "default_app.secret",
            "MARTLET_DEFAULT_APP_SECRET",
            "SOCKUDO_DEFAULT_APP_SECRET",
            at: \.appManager.defaultApp.secret,
            isSecret: true,
            "App secret"
        ),
        .list(
            "default_app.previous_secrets",
            "MARTLET_DEFAULT_APP_PREVIOUS_SECRETS",
            at: \.appManager.defaultApp.previousSecrets,
            isSecret: true,
            "Older secrets that still verify"
        ),
        .flag(
            "default_app.enabled",
            "MARTLET_DEFAULT_APP_ENABLED",
            "SOCKUDO_DEFAULT_APP_ENABLED",
            at: \.appManager.defaultApp.isEnabled,
            "False takes away the inline apps too"
        ),
        .list(
            "default_app.allowed_origins",
            "MARTLET_DEFAULT_APP_ALLOWED_ORIGINS",
            "SOCKUDO_DEFAULT_APP_ALLOWED_ORIGINS",
            at: \.appManager.defaultApp.allowedOrigins,
            "Origins that may connect; empty allows all"
        ),
    ]

    private static let features: [SettingKey] = [
        .flag(
            "default_app.enable_client_messages",
            "MARTLET_DEFAULT_APP_ENABLE_CLIENT_MESSAGES",
            "SOCKUDO_DEFAULT_APP_ENABLE_CLIENT_MESSAGES",
            "SOCKUDO_ENABLE_CLIENT_MESSAGES",
            at: \.appManager.defaultApp.features.allowsClientEvents,
            "Clients may send client events"
        ),
        .flag(
            "default_app.enable_user_authentication",
            "MARTLET_DEFAULT_APP_ENABLE_USER_AUTHENTICATION",
            "SOCKUDO_DEFAULT_APP_ENABLE_USER_AUTHENTICATION",
            at: \.appManager.defaultApp.features.requiresUserAuthentication,
            "Connections must sign in or join an authorized channel"
        ),
        .flag(
            "default_app.enable_watchlist_events",
            "MARTLET_DEFAULT_APP_ENABLE_WATCHLIST_EVENTS",
            "SOCKUDO_DEFAULT_APP_ENABLE_WATCHLIST_EVENTS",
            at: \.appManager.defaultApp.features.sendsWatchlistEvents,
            "Send watchlist events"
        ),
        .flag(
            "default_app.enable_subscription_count",
            "MARTLET_DEFAULT_APP_ENABLE_SUBSCRIPTION_COUNT",
            at: \.appManager.defaultApp.features.sendsSubscriptionCount,
            "Send subscription_count events"
        ),
    ]

    private static let limits: [SettingKey] = [
        limit("max_connections", .number, \.appManager.defaultApp.limits.maxConnections, "Connections; 0 is unlimited"),
        limit(
            "max_client_events_per_second",
            .number,
            \.appManager.defaultApp.limits.maxClientEventsPerSecond,
            "Client events a second and connection; 0 is unlimited"
        ),
        limit(
            "max_presence_members_per_channel",
            .number,
            \.appManager.defaultApp.limits.maxPresenceMembersPerChannel,
            "Users in a presence channel"
        ),
        limit(
            "max_presence_member_size_in_kb",
            .kibibytes,
            \.appManager.defaultApp.limits.maxPresenceMemberBytes,
            "Size of a member's user_info"
        ),
        limit(
            "max_channel_name_length",
            .number,
            \.appManager.defaultApp.limits.maxChannelNameBytes,
            "Bytes of a channel name"
        ),
        limit(
            "max_event_channels_at_once",
            .number,
            \.appManager.defaultApp.limits.maxChannelsPerEvent,
            "Channels in one publish request"
        ),
        limit(
            "max_event_name_length",
            .number,
            \.appManager.defaultApp.limits.maxEventNameBytes,
            "Bytes of an event name"
        ),
        limit(
            "max_event_payload_in_kb",
            .kibibytes,
            \.appManager.defaultApp.limits.maxEventPayloadBytes,
            "Size of an event's data"
        ),
        limit(
            "max_event_batch_size",
            .number,
            \.appManager.defaultApp.limits.maxBatchEvents,
            "Events in one batch request"
        ),
    ]

    private static func limit(
        _ name: String,
        _ kind: SettingKind,
        _ path: SettingPath<Int>,
        _ summary: String
    ) -> SettingKey {
        .size(
            "default_app.\(name)",
            "MARTLET_DEFAULT_APP_\(name.uppercased())",
            "SOCKUDO_DEFAULT_APP_\(name.uppercased())",
            in: kind,
            at: path,
            summary
        )
    }
}
