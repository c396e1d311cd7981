package import ServerCore
import Synchronization

/// Keeps apps in this process, as they were configured.
package final class MemoryAppManager: AppCatalog {
    private let state = Mutex(State())

    /// The apps and the way from keys to ids.
    private struct State: Sendable {
        var apps: [String: App] = [:]
        var idsByKey: [String: String] = [:]
    }

    /// Makes an empty catalog.
    package init() {}

    /// Makes a catalog of apps; two with one id or one key are a `.conflict`.
    package convenience init(apps: [App]) throws(BackendError) {
        self.init()
        for app in apps {
            try insert(app, replacing: false)
        }
    }

    package func app(id: String) async throws(BackendError) -> App? {
        state.withLock { $0.apps[id] }
    }

    package func app(key: String) async throws(BackendError) -> App? {
        state.withLock { state in state.idsByKey[key].flatMap { state.apps[$0] } }
    }

    /// Creates or replaces an app; a key that another app has is a `.conflict`, whatever `replacing` says.
    package func put(_ app: App, replacing: Bool) async throws(BackendError) {
        try insert(app, replacing: replacing)
    }

    package func delete(id: String) async throws(BackendError) -> Bool {
        state.withLock { state in
            guard let app = state.apps.removeValue(forKey: id) else { return false }
            state.idsByKey[app.key] = nil
            return true
        }
    }

    package func list() async throws(BackendError) -> [App] {
        state.withLock { Array($0.apps.values) }.sorted { $0.id < $1.id }
    }

    package func checkHealth() async throws(BackendError) {}

    private func insert(_ app: App, replacing: Bool) throws(BackendError) {
        try state.withLock { (state) throws(BackendError) in
            if !replacing, state.apps[app.id] != nil {
                throw BackendError(.conflict, "the app '\(app.id)' exists already")
            }
            if let owner = state.idsByKey[app.key], owner != app.id {
                throw BackendError(.conflict, "the key of app '\(app.id)' belongs to app '\(owner)'")
            }
            if let replaced = state.apps.updateValue(app, forKey: app.id) {
                state.idsByKey[replaced.key] = nil
            }
            state.idsByKey[app.key] = app.id
        }
    }
}
