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

    /// Deletes an app and says whether there was one.
    func delete(id: String) async throws(BackendError) -> Bool

    /// Lists all apps, ordered by id.
    func list() async throws(BackendError) -> [App]
}
