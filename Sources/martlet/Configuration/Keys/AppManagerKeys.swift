import ServerCore

/// The apps and their cache, with Sockudo's names.
enum AppManagerKeys {
    /// The name of the list of inline apps.
    static let inlineApps = "app_manager.array.apps"

    static let all: [SettingKey] = [
        .driver("app_manager.driver", "APP_MANAGER_DRIVER", role: "app manager", at: \.drivers.appManager),
        SettingKey(inlineApps, environment: [], kind: .apps, summary: "Apps to register at each start") {
            .list($0.appManager.apps.map(\.id))
        } write: { _, _ in
            // Apps have their own reader, see InlineApps.
        },
        .flag(
            "app_manager.register_inline_apps",
            "APP_MANAGER_REGISTER_INLINE_APPS",
            at: \.appManager.registersInlineApps,
            "Register the apps of the configuration"
        ),
        .flag(
            "app_manager.skip_inline_apps",
            "SOCKUDO_SKIP_INLINE_APPS",
            at: \.appManager.skipsInlineApps,
            "Do not register them"
        ),
        .flag(
            "app_manager.cache.enabled",
            "MARTLET_APP_MANAGER_CACHE_ENABLED",
            at: \.appManager.isCacheEnabled,
            "Cache apps of a store"
        ),
        .seconds(
            "app_manager.cache.ttl",
            "MARTLET_APP_MANAGER_CACHE_TTL",
            "CACHE_TTL_SECONDS",
            at: \.appManager.cacheTTL,
            "Time for which an app is cached"
        ),
    ]
}
