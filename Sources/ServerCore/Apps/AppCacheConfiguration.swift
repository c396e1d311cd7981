/// How the server keeps the apps that it read from the app store: `app_manager.cache` and its bounds.
package struct AppCacheConfiguration: Sendable, Equatable {
    /// Without the cache every lookup asks the store, and a dead store is felt at once.
    package var isEnabled = true
    /// How long an app is used without asking the store again; it is asked ahead of time for apps in use.
    package var ttl: Duration = .seconds(300)
    /// How long an app that does not exist is remembered as such.
    package var negativeTTL: Duration = .seconds(10)
    /// How long an app whose time is over is used before a store that failed is asked again.
    package var retryInterval: Duration = .seconds(5)
    /// Beyond this many apps the least recently used are forgotten.
    package var maxApps = 100_000
    /// Beyond this many the oldest answers about apps that do not exist are forgotten.
    package var maxNegativeEntries = 10_000

    /// Makes the default configuration.
    package init() {}
}
