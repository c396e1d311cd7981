/// Finds apps.
///
/// Contract: an app that does not exist is `nil`; a store that cannot answer throws. Implementations are safe to call
/// from any task.
package protocol AppManager: Sendable {
    /// Finds an app by its id.
    func app(id: String) async throws(BackendError) -> App?

    /// Finds an app by its key.
    func app(key: String) async throws(BackendError) -> App?

    /// Throws when the store cannot answer now.
    func checkHealth() async throws(BackendError)
}

/// An app store that can be changed and listed.
package protocol AppCatalog: AppManager {
    /// Creates or replaces an app; without `replacing`, an existing app of the same id is a `.conflict`.
    func put(_ app: App, replacing: Bool) async throws(BackendError)

    /// Changes an app on its newest state and returns it changed; `nil` if there is none.
    ///
    /// Stores that others write too repeat the change when somebody else's came in between, and throw `.conflict` when
    /// that happens over and over.
    func update(id: String, _ change: @Sendable (inout App) -> Void) async throws(BackendError) -> App?

    /// Deletes an app and says whether there was one.
    func delete(id: String) async throws(BackendError) -> Bool

    /// Lists all apps, ordered by id.
    func list() async throws(BackendError) -> [App]
}

extension AppCatalog {
    /// Changes an app of a store that nobody else writes.
    package func update(id: String, _ change: @Sendable (inout App) -> Void) async throws(BackendError) -> App? {
        guard var app = try await app(id: id) else { return nil }
        change(&app)
        try await put(app, replacing: true)
        return app
    }
}
