import ServerCore

extension AppCatalog {
    /// Puts the apps of the configuration into the store, where it does not hold them as they are.
    func register(_ apps: [App]) async throws(BackendError) {
        for app in apps where try await self.app(id: app.id) != app {
            try await put(app, replacing: true)
        }
    }
}
