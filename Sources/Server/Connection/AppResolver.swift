import ChannelHub
import NIOCore
import ServerCore

/// Finds the active app of a key or an id, at once where the app cache knows it.
struct AppResolver: Sendable {
    let manager: CachedAppManager
    let active: ActiveApps

    /// Calls the closure on the event loop, immediately when the answer is cached.
    func withApp(
        key: String,
        on eventLoop: any EventLoop,
        _ body: @escaping (Result<ActiveApp?, BackendError>) -> Void
    ) {
        if let cached = manager.cachedApp(key: key) {
            body(.success(active.activate(cached)))
            return
        }
        resolve(on: eventLoop, body) { () throws(BackendError) in try await manager.app(key: key) }
    }

    /// The active app of an id where the app cache knows it.
    func cachedApp(id: String) -> ActiveApp? {
        manager.cachedApp(id: id).map(active.activate)
    }

    /// Calls the closure on the event loop, immediately when the answer is cached.
    func withApp(
        id: String,
        on eventLoop: any EventLoop,
        _ body: @escaping (Result<ActiveApp?, BackendError>) -> Void
    ) {
        if let cached = manager.cachedApp(id: id) {
            body(.success(active.activate(cached)))
            return
        }
        resolve(on: eventLoop, body) { () throws(BackendError) in try await manager.app(id: id) }
    }

    private func resolve(
        on eventLoop: any EventLoop,
        _ body: @escaping (Result<ActiveApp?, BackendError>) -> Void,
        _ find: @escaping @Sendable () async throws(BackendError) -> App?
    ) {
        let active = active
        eventLoop.makeFutureWithTask { () async -> Result<ActiveApp?, BackendError> in
            do throws(BackendError) {
                return .success(try await find().map(active.activate))
            } catch {
                return .failure(error)
            }
        }.assumeIsolated().whenSuccess(body)
    }
}
