import ServerCore

/// The apps that the configuration brings, and how apps of a store are cached.
struct AppManagerSettings: Sendable, Equatable {
    /// The apps to put into the store at each start: the inline ones, or the default app in their place.
    ///
    /// Filled by the loader from `app_manager.array.apps` and from ``defaultApp``.
    var apps: [App] = []
    /// Puts ``apps`` into the store; false leaves the store as it is.
    var registersInlineApps = true
    /// Says the opposite of ``registersInlineApps``, under the older name.
    var skipsInlineApps = false
    var defaultApp = DefaultAppSettings()
    var isCacheEnabled = true
    /// How long an app is used before the store is asked again.
    var cacheTTL: Duration = .seconds(300)

    /// Lists what cannot work; apps by their place in the list.
    func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(cacheTTL > .zero, "app_manager.cache.ttl", "must be at least 1")
        for (index, app) in apps.enumerated() {
            let prefix = defaultApp.isNamed ? "default_app" : "app_manager.array.apps[\(index)]"
            problems += app.validate().map {
                ConfigurationProblem(key: "\(prefix).\($0.key)", message: $0.message)
            }
            for earlier in apps[..<index] {
                problems.require(earlier.id != app.id, "\(prefix).id", "'\(app.id)' is the id of an earlier app")
                problems.require(earlier.key != app.key, "\(prefix).key", "is the key of an earlier app")
            }
        }
        return problems
    }
}
