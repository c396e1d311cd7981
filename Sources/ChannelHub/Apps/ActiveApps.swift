package import CoreMetrics
package import ServerCore
import Synchronization

/// The apps that this node has served since it started; bounded, because only apps that exist get in.
///
/// Threading: safe from any thread.
package final class ActiveApps: Sendable {
    private struct State {
        var byID: [String: ActiveApp] = [:]
        /// The index is the app's number.
        var byNumber: [ActiveApp] = []
        /// The last that was asked for: as a rule the next request has the very same reading of the same app.
        var latest: (reading: SharedApp, active: ActiveApp)?
    }

    /// What happens to the apps of this table.
    enum Change: Sendable {
        case appeared
        case changed
    }

    private let state = Mutex(State())
    private let observer = Mutex<(@Sendable (ActiveApp, Change) -> Void)?>(nil)
    private let metricsFactory: any MetricsFactory
    private let port: String

    /// Makes an empty table whose apps' metrics carry the listener's port as a label.
    package init(metricsFactory: any MetricsFactory, port: Int) {
        self.metricsFactory = metricsFactory
        self.port = String(port)
    }

    /// Returns the active app of an id, made or brought up to date.
    package func activate(_ app: App) -> ActiveApp {
        activate(SharedApp(app))
    }

    /// Returns the active app of an id, made or brought up to date; cheap where the reading is the one it has.
    package func activate(_ reading: SharedApp) -> ActiveApp {
        if let active = state.withLock({ $0.latest?.reading === reading ? $0.latest?.active : nil }) { return active }
        if let active = existing(id: reading.app.id) {
            if active.update(reading) { tell(active, .changed) }
            state.withLock { $0.latest = (reading, active) }
            return active
        }
        let metrics = AppMetrics(factory: metricsFactory, appID: reading.app.id, port: port)
        let (active, isNew) = state.withLock { state in
            if let active = state.byID[reading.app.id] { return (active, false) }
            let active = ActiveApp(number: UInt32(state.byNumber.count), reading: reading, metrics: metrics)
            state.byNumber.append(active)
            state.byID[reading.app.id] = active
            return (active, true)
        }
        if isNew { tell(active, .appeared) }
        return active
    }

    /// Has somebody told of apps that appear and of apps whose policies change, on the thread that brings them.
    func observe(_ observer: @escaping @Sendable (ActiveApp, Change) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    private func tell(_ app: ActiveApp, _ change: Change) {
        observer.withLock { $0 }?(app, change)
    }

    /// Returns the active app of an id, if it has been served.
    package func existing(id: String) -> ActiveApp? {
        state.withLock { $0.byID[id] }
    }

    /// Returns the active app of a number.
    func existing(number: UInt32) -> ActiveApp? {
        state.withLock { Int(number) < $0.byNumber.count ? $0.byNumber[Int(number)] : nil }
    }

    /// All apps that have been served, ordered by id.
    package var all: [ActiveApp] {
        state.withLock { Array($0.byID.values) }.sorted { $0.id < $1.id }
    }
}
