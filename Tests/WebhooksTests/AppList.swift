import ServerCore
import Synchronization

/// The apps of a test, which it may change at any time.
final class AppList: AppManager {
    private let apps: Mutex<[App]>
    private let failure = Mutex<BackendError?>(nil)

    init(_ apps: [App]) {
        self.apps = Mutex(apps)
    }

    func change(_ id: String, _ body: (inout App) -> Void) {
        apps.withLock { apps in
            for index in apps.indices where apps[index].id == id { body(&apps[index]) }
        }
    }

    func remove(_ id: String) {
        apps.withLock { $0.removeAll { $0.id == id } }
    }

    func fail(with error: BackendError?) {
        failure.withLock { $0 = error }
    }

    func app(id: String) async throws(BackendError) -> App? {
        if let error = failure.withLock({ $0 }) { throw error }
        return apps.withLock { $0.first { $0.id == id } }
    }

    func app(key: String) async throws(BackendError) -> App? {
        apps.withLock { $0.first { $0.key == key } }
    }

    func checkHealth() async throws(BackendError) {}
}
