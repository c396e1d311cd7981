import RedisBackend
import ServerCore

/// Tells the nodes of a cluster of every app that is changed in the store, so that they do not find out by themselves
/// when the app's time in their caches is over.
struct AnnouncingCatalog: AppCatalog {
    let store: any AppCatalog
    let settings: Settings
    private let redis = RedisBackend()

    /// Wraps a store.
    init(_ store: any AppCatalog, settings: Settings) {
        self.store = store
        self.settings = settings
    }

    func app(id: String) async throws(BackendError) -> App? {
        try await store.app(id: id)
    }

    func app(key: String) async throws(BackendError) -> App? {
        try await store.app(key: key)
    }

    func list() async throws(BackendError) -> [App] {
        try await store.list()
    }

    func checkHealth() async throws(BackendError) {
        try await store.checkHealth()
    }

    func put(_ app: App, replacing: Bool) async throws(BackendError) {
        try await store.put(app, replacing: replacing)
        await announce(app.id)
    }

    func update(id: String, _ change: @Sendable (inout App) -> Void) async throws(BackendError) -> App? {
        guard let app = try await store.update(id: id, change) else { return nil }
        await announce(id)
        return app
    }

    func delete(id: String) async throws(BackendError) -> Bool {
        guard try await store.delete(id: id) else { return false }
        await announce(id)
        return true
    }

    /// Tells the nodes; the change is made whether or not they can be told.
    private func announce(_ id: String) async {
        let isCluster = settings.drivers.adapter == .redisCluster
        let message = ClusterPublication(
            topic: ClusterTopic(.app, appID: id),
            message: ClusterMessage.appChanged.encoded
        )
        do {
            try await redis.send(
                [message],
                try settings.redis.configuration(of: .adapter, isCluster: isCluster),
                options: settings.adapter.transportOptions(
                    prefix: settings.redis[.adapter, isCluster: isCluster].prefix,
                    isCluster: isCluster
                )
            )
        } catch {
            var output = StandardError()
            print(
                "warning: app '\(id)' is changed, but the nodes could not be told and notice within "
                    + "\(settings.appManager.cacheTTL): \(error)",
                to: &output
            )
        }
    }
}
