import NIOCore
import PusherProtocol
import ServerCore
import Synchronization

/// A user in the whole cluster.
struct SharedUser {
    let remote: RemoteTopic
    /// What watchers were told last.
    var isOnline = false
}

/// A connection that waits to be told who of its watchlist is online.
struct UndecidedWatch {
    /// Who the connection is.
    var user: UserKey
    var loop: Int
    var watchlist: [String]
}

/// What a connection is told when the cluster knows that it is signed in.
struct WaitingGreeting {
    var socketID: SocketID
    var loop: Int
    var frames: [ByteBuffer]
}

/// Users who are signed in at other nodes too, under the table's lock.
extension UserDirectory {
    /// The table's name of a user in the cluster.
    private func topic(of user: UserKey) -> ClusterTopic? {
        apps.existing(number: user.app).map { ClusterTopic(.user, appID: $0.id, name: user.userID) }
    }

    /// Has the cluster know whether a user is signed in here, and this node whether it is anywhere.
    func share(_ user: UserKey, changed: Bool, _ state: inout State, _ session: ClusterSession) {
        guard let remote = remote(of: user, &state, session) else { return }
        if changed { remote.noteChange() }
        cue(user, remote, session)
        restIfIdle(user, &state, session)
    }

    private func remote(of user: UserKey, _ state: inout State, _ session: ClusterSession) -> RemoteTopic? {
        if let shared = state.shared[user] { return shared.remote }
        guard let topic = topic(of: user) else { return nil }
        let remote = RemoteTopic(topic, kind: ChannelKind(name: ""), followsCounts: true)
        // To know of a user is as much as to be asked for: the answer says whether the user is online.
        remote.noteChange()
        remote.isSubscribed = true
        state.shared[user] = SharedUser(remote: remote)
        session.link.transport.subscribe(topic)
        return remote
    }

    private func cue(_ user: UserKey, _ remote: RemoteTopic, _ session: ClusterSession) {
        if remote.isDue { session.markDirty(.user(user)) }
    }

    /// Tells a connection who of its watchlist is online, once all of that is known.
    func decide(_ watch: UndecidedWatch, of socketID: SocketID, _ state: inout State, _ session: ClusterSession) {
        guard !watch.watchlist.isEmpty else { return }
        // The greeting comes first.
        var isKnown = !(state.greetings[watch.user] ?? []).contains { $0.socketID == socketID }
        for userID in watch.watchlist {
            let user = UserKey(app: watch.user.app, userID: userID)
            guard let remote = remote(of: user, &state, session) else { continue }
            cue(user, remote, session)
            isKnown = isKnown && remote.isSettled
        }
        guard isKnown else {
            state.undecided[socketID] = watch
            return
        }
        state.undecided[socketID] = nil
        var online: [String] = []
        var offline: [String] = []
        for userID in watch.watchlist {
            if state.shared[UserKey(app: watch.user.app, userID: userID)]?.isOnline == true {
                online.append(userID)
            } else {
                offline.append(userID)
            }
        }
        tell([socketID: watch.loop], online: online, offline: offline)
    }

    /// Lets go of users whom nobody here is or watches any more.
    func release(_ watchlist: [String], app: UInt32, _ state: inout State, _ session: ClusterSession) {
        for userID in watchlist {
            restIfIdle(UserKey(app: app, userID: userID), &state, session)
        }
    }

    private func restIfIdle(_ user: UserKey, _ state: inout State, _ session: ClusterSession) {
        guard let remote = state.shared[user]?.remote, remote.idleSince == nil, isIdle(user, remote, state) else {
            return
        }
        let now = NIODeadline.now()
        remote.idleSince = now
        state.releases.append(user, deadline: now + session.link.configuration.lingerInterval.timeAmount)
    }

    private func isIdle(_ user: UserKey, _ remote: RemoteTopic, _ state: State) -> Bool {
        state.connections[user] == nil && state.watchers[user] == nil && remote.isQuiet
    }

    // MARK: The directory's answers

    /// The next thing that the cluster has to be told of a user.
    func nextStep(_ user: UserKey, node: ClusterNode) -> RemoteStep {
        state.withLock { state in
            guard let remote = state.shared[user]?.remote else { return .nothing }
            let isHere = state.connections[user] != nil
            return remote.nextStep(LocalPart(subscriptions: isHere ? 1 : 0, telling: .edges), node: node)
        }
    }

    /// The user can be found by whoever buries this node.
    func recorded(_ user: UserKey) {
        change(user) { remote, _ in remote.endRecording() }
    }

    /// The last step did not work.
    func stepFailed(_ user: UserKey) {
        change(user) { remote, _ in remote.fail() }
    }

    /// Takes the answer to an update.
    func finish(_ user: UserKey, _ outcome: ClusterOutcome) {
        change(user) { remote, state in
            for deadline in remote.finish(outcome, now: .now()).ringsAt {
                state.resyncs.append(user, deadline: deadline)
            }
        }
    }

    /// Nothing of this node is noted any more.
    func erased(_ user: UserKey) {
        guard let session else { return }
        state.withLock { state in
            guard let remote = state.shared[user]?.remote else { return }
            remote.endErasing()
            guard isIdle(user, remote, state) else { return cue(user, remote, session) }
            session.link.transport.unsubscribe(remote.topic)
            session.noteRelease(of: remote.topic)
            state.shared[user] = nil
        }
    }

    // MARK: What comes from the cluster

    /// Takes a message about a user.
    func receive(_ message: ClusterMessage, on user: UserKey) {
        switch message {
        case .subscriptionCount(let count, let version):
            change(user) { remote, _ in
                if remote.advance(to: version) { remote.withReplica { $0.setSubscriptions(count) } }
            }
        case .close(let code, let reason):
            close(user.userID, app: user.app, code: code, reason: reason)
        default:
            break
        }
    }

    /// The user's messages arrive from now on.
    func open(_ user: UserKey) {
        change(user) { remote, _ in remote.open() }
    }

    /// The user's messages are lost from now on.
    func interrupt(_ user: UserKey) {
        change(user) { remote, _ in remote.interrupt() }
    }

    /// What the directory has of some topics may be wrong.
    func disturb(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool) {
        changeAll { remote in
            // What a node has recorded lies elsewhere than its topics.
            remote.noteLostRecord()
            if isAffected(remote.topic) { remote.noteDisturbance() }
        }
    }

    /// The node goes on under a new name.
    func rename() {
        changeAll { $0.noteNewName() }
    }

    /// The user is one in whom this node takes part.
    func isShared(_ user: UserKey) -> Bool {
        state.withLock { $0.shared[user] != nil }
    }

    /// Everything that this node had to say was heard.
    var isAsserted: Bool {
        state.withLock { $0.shared.values.allSatisfy(\.remote.isAsserted) }
    }

    /// Changes a user and tells whoever watches what is new.
    private func change(_ user: UserKey, _ body: @Sendable (RemoteTopic, inout State) -> Void) {
        guard let session else { return }
        state.withLock { state in
            guard let remote = state.shared[user]?.remote else { return }
            body(remote, &state)
            cue(user, remote, session)
            guard remote.replica.isKnown else { return }
            greet(user, remote, &state, session)
            let isOnline = remote.replica.counts.subscriptions > 0
            if state.shared[user]?.isOnline != isOnline {
                state.shared[user]?.isOnline = isOnline
                // Who has not been told anything yet is told this too, with the rest.
                let watchers = state.watchers[user]?.filter { state.undecided[$0.key] == nil }
                tell(watchers, online: isOnline ? [user.userID] : [], offline: isOnline ? [] : [user.userID])
            }
            for socketID in (state.watchers[user] ?? [:]).keys {
                guard let watch = state.undecided[socketID] else { continue }
                decide(watch, of: socketID, &state, session)
            }
            restIfIdle(user, &state, session)
        }
    }

    /// Tells the connections of a user that they are signed in, once that is known to the other nodes.
    private func greet(_ user: UserKey, _ remote: RemoteTopic, _ state: inout State, _ session: ClusterSession) {
        guard remote.isSettled, let greetings = state.greetings.removeValue(forKey: user) else { return }
        for greeting in greetings {
            for frame in greeting.frames {
                inboxes[greeting.loop].push(.send(frame, to: [greeting.socketID]))
            }
            guard let watch = state.undecided[greeting.socketID] else { continue }
            decide(watch, of: greeting.socketID, &state, session)
        }
    }

    private func changeAll(_ body: @Sendable (RemoteTopic) -> Void) {
        guard let session else { return }
        state.withLock { state in
            for (user, shared) in state.shared {
                body(shared.remote)
                cue(user, shared.remote, session)
            }
        }
    }

    // MARK: Time

    /// Lets go of users who have been of no interest for long enough.
    func sweep(now: NIODeadline) {
        guard let session else { return }
        state.withLock { state in
            while let user = state.resyncs.popFirst(dueAt: now) {
                guard let remote = state.shared[user]?.remote else { continue }
                remote.noteTime(now)
                cue(user, remote, session)
            }
            while let user = state.releases.popFirst(dueAt: now) {
                guard let remote = state.shared[user]?.remote, let idleSince = remote.idleSince else { continue }
                guard isIdle(user, remote, state),
                    idleSince + session.link.configuration.lingerInterval.timeAmount <= now
                else {
                    remote.idleSince = nil
                    restIfIdle(user, &state, session)
                    continue
                }
                remote.startErasing()
                session.markDirty(.user(user))
            }
        }
    }
}
