import NIOCore
import ServerCore
import Synchronization

/// The connections of apps with a quota, counted over all nodes.
///
/// A connection of such an app is admitted when the directory has noted it, so that the quota is never exceeded; one
/// update at a time covers all that asked meanwhile. While the directory cannot be reached, this node's own connections
/// are what is counted.
///
/// Threading: safe from any thread; one mutex.
final class AppQuotas: Sendable {
    private struct Waiter {
        var eventLoop: any EventLoop
        var decide: @Sendable (Bool) -> Void
    }

    private struct Quota {
        var waiting: [Waiter] = []
        /// Connections that the update under way asks for.
        var asking = 0
        var isUnderWay = false
        var isRecorded = false
        var noted = 0
        var mustAssert = false
    }

    private let state = Mutex<[UInt32: Quota]>([:])
    private let apps: ActiveApps
    private let session: ClusterSession

    init(apps: ActiveApps, session: ClusterSession) {
        self.apps = apps
        self.session = session
    }

    /// Decides on a connection, on its loop, as soon as that is possible.
    func admit(_ app: ActiveApp, on eventLoop: any EventLoop, _ decide: @escaping @Sendable (Bool) -> Void) {
        state.withLock { $0[app.number, default: Quota()].waiting.append(Waiter(eventLoop: eventLoop, decide: decide)) }
        session.markDirty(.app(app.number))
    }

    /// An app has got a quota, or another one: the others have to know of the connections that are there.
    func begin(_ app: ActiveApp) {
        state.withLock { $0[app.number, default: Quota()].mustAssert = true }
        session.markDirty(.app(app.number))
    }

    /// A connection of an app ended.
    func release(_ app: ActiveApp) {
        let isCounted = state.withLock { state in
            guard state[app.number] != nil else { return false }
            state[app.number]?.mustAssert = true
            return true
        }
        if isCounted { session.markDirty(.app(app.number)) }
    }

    /// The next thing that the cluster has to be told of an app's connections.
    func nextStep(_ number: UInt32, node: ClusterNode) -> RemoteStep {
        guard let app = apps.existing(number: number) else { return .nothing }
        let topic = ClusterTopic(.app, appID: app.id)
        return state.withLock { state in
            guard var quota = state[number], !quota.isUnderWay, quota.mustAssert || !quota.waiting.isEmpty else {
                return .nothing
            }
            quota.isUnderWay = true
            defer { state[number] = quota }
            guard quota.isRecorded else { return .record(topic) }
            quota.asking = quota.waiting.count
            quota.mustAssert = false
            var update = ClusterUpdate(topic, node: node)
            update.subscriptions = app.connections + quota.asking
            update.subscriptionLimit = app.current.app.limits.maxConnections
            return .update(update)
        }
    }

    /// The app can be found by whoever buries this node.
    func recorded(_ number: UInt32) {
        state.withLock { state in
            state[number]?.isRecorded = true
            state[number]?.isUnderWay = false
        }
        session.markDirty(.app(number))
    }

    /// Takes the answer to an update: as many of those who asked are let in as were noted.
    func finish(_ number: UInt32, _ outcome: ClusterOutcome) {
        guard let app = apps.existing(number: number) else { return }
        let (decided, isDue) = state.withLock { state -> ([(Waiter, Bool)], Bool) in
            guard var quota = state[number] else { return ([], false) }
            quota.isUnderWay = false
            quota.noted = outcome.accepted
            let asked = Array(quota.waiting.prefix(quota.asking))
            quota.waiting.removeFirst(asked.count)
            quota.asking = 0
            // Connections that ended meanwhile have left room, which the next update gives back.
            let room = max(0, outcome.accepted - app.connections)
            let decided = asked.enumerated().map { ($0.element, $0.offset < room) }
            // Before the next update counts them.
            for _ in 0..<min(room, asked.count) { app.countConnection() }
            let isDue = quota.mustAssert || !quota.waiting.isEmpty
            state[number] = quota
            return (decided, isDue)
        }
        decide(decided)
        if isDue { session.markDirty(.app(number)) }
    }

    /// The directory does not answer: what this node knows decides.
    func stepFailed(_ number: UInt32) {
        guard let app = apps.existing(number: number) else { return }
        let limit = app.current.app.limits.maxConnections
        let decided = state.withLock { state -> [(Waiter, Bool)] in
            state[number]?.isUnderWay = false
            state[number]?.asking = 0
            state[number]?.mustAssert = true
            defer { state[number]?.waiting = [] }
            return (state[number]?.waiting ?? []).map { waiter in
                let isAdmitted = limit == 0 || app.connections < limit
                if isAdmitted { app.countConnection() }
                return (waiter, isAdmitted)
            }
        }
        decide(decided)
    }

    private func decide(_ decided: [(Waiter, Bool)]) {
        for (waiter, isAdmitted) in decided {
            waiter.eventLoop.execute { waiter.decide(isAdmitted) }
        }
    }

    /// What the directory has may be wrong, or is under another name.
    func reassert() {
        let numbers = state.withLock { state in
            for number in state.keys {
                state[number]?.mustAssert = true
                state[number]?.isRecorded = false
            }
            return Array(state.keys)
        }
        for number in numbers {
            session.markDirty(.app(number))
        }
    }
}
