import ServerCore
import Synchronization
import TestSupport

/// An app store in memory that can be made to fail, and to hold its answers back.
final class SwitchableAppStore: AppManager {
    private struct State {
        var apps: [App] = []
        var isFailing = false
        var gate: Gate?
    }

    private let state = Mutex(State())
    /// Every question, in order.
    let questions = Recorder<AppLookup>()

    init(_ apps: [App] = []) {
        set(apps)
    }

    func set(_ apps: [App]) {
        state.withLock { $0.apps = apps }
    }

    func setFailing(_ isFailing: Bool) {
        state.withLock { $0.isFailing = isFailing }
    }

    /// Has every question from now on wait at the gate, after it read its answer.
    func hold(at gate: Gate?) {
        state.withLock { $0.gate = gate }
    }

    func app(id: String) async throws(BackendError) -> App? {
        try await answer(.id(id)) { $0.id == id }
    }

    func app(key: String) async throws(BackendError) -> App? {
        try await answer(.key(key)) { $0.key.lowercased() == key.lowercased() }
    }

    func checkHealth() async throws(BackendError) {
        if state.withLock(\.isFailing) { throw BackendError(.unavailable, "the store is off") }
    }

    private func answer(_ lookup: AppLookup, _ isWanted: (App) -> Bool) async throws(BackendError) -> App? {
        let (app, gate) = state.withLock { state in (state.apps.first(where: isWanted), state.gate) }
        questions.record(lookup)
        await gate?.pass()
        if Task.isCancelled { throw BackendError(.unavailable, "cancelled") }
        try await checkHealth()
        return app
    }
}
