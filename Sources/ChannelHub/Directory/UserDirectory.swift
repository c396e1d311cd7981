import NIOCore
import PusherProtocol
import Synchronization

/// A user of an app.
struct UserKey: Hashable, Sendable {
    var app: UInt32
    var userID: String
}

/// One connection's wish to be a user.
struct SignIn {
    var userID: String
    var watchlist: [String]
    /// The event loop of the connection, by its index.
    var loop: Int
    /// What says that it is done.
    var greeting: [ByteBuffer]
}

/// Which connections are signed in as which user, and who watches whom, over all event loops of this node.
///
/// Threading: safe from any thread; one mutex, taken on sign-in, at the end of a signed-in connection, and to reach a
/// user. What follows is handed to the loops while it is held (LockOrder.md).
final class UserDirectory: Sendable {
    struct State {
        /// The connections of each user who is online, with their loops.
        var connections: [UserKey: [SocketID: Int]] = [:]
        /// The connections that want to hear of a user, with their loops.
        var watchers: [UserKey: [SocketID: Int]] = [:]
        var usersOnline: [UInt32: Int] = [:]
        /// The users in the whole cluster whom somebody here is or watches.
        var shared: [UserKey: SharedUser] = [:]
        /// The connections that have not been told yet who of their watchlist is online.
        var undecided: [SocketID: UndecidedWatch] = [:]
        /// The connections that have not been told yet that they are signed in.
        var greetings: [UserKey: [WaitingGreeting]] = [:]
        var releases = DeadlineQueue<UserKey>()
        var resyncs = DeadlineQueue<UserKey>()
    }

    let state = Mutex(State())
    let apps: ActiveApps
    /// The node's part in its cluster; `nil` where it is alone.
    let session: ClusterSession?
    let inboxes: [LoopInbox]

    init(inboxes: [LoopInbox], apps: ActiveApps, session: ClusterSession? = nil) {
        self.inboxes = inboxes
        self.apps = apps
        self.session = session
    }

    /// Signs a connection in, on its loop; returns false when its greeting is sent later.
    func signIn(_ subscriber: Subscriber, _ signIn: SignIn) -> Bool {
        let (userID, watchlist, loop) = (signIn.userID, signIn.watchlist, signIn.loop)
        let app = subscriber.app.number
        let user = UserKey(app: app, userID: userID)
        let socketID = subscriber.socketID
        let formerWatchlist = subscriber.watchlist
        subscriber.userID = userID
        subscriber.watchlist = watchlist
        return state.withLock { state in
            Self.unwatch(formerWatchlist, app: app, socketID: socketID, &state)
            for watched in watchlist {
                state.watchers[UserKey(app: app, userID: watched), default: [:]][socketID] = loop
            }
            let isFirst = state.connections[user] == nil
            state.connections[user, default: [:]][socketID] = loop
            if isFirst {
                state.usersOnline[app, default: 0] += 1
            }
            if let session {
                share(user, changed: isFirst, &state, session)
                let isSettled = state.shared[user]?.remote.isSettled ?? true
                if !isSettled {
                    let greeting = WaitingGreeting(socketID: socketID, loop: loop, frames: signIn.greeting)
                    state.greetings[user, default: []].append(greeting)
                }
                let watch = UndecidedWatch(user: user, loop: loop, watchlist: watchlist)
                decide(watch, of: socketID, &state, session)
                release(formerWatchlist, app: app, &state, session)
                return isSettled
            }
            if isFirst {
                tell(state.watchers[user], online: [userID], offline: [], except: socketID)
            }
            guard !watchlist.isEmpty else { return true }
            let online = watchlist.filter { state.connections[UserKey(app: app, userID: $0)] != nil }
            let offline = watchlist.filter { state.connections[UserKey(app: app, userID: $0)] == nil }
            tell([socketID: loop], online: online, offline: offline)
            return true
        }
    }

    /// Takes a connection from its user, if it has one, on its loop.
    func signOut(_ subscriber: Subscriber, loop: Int) {
        guard let userID = subscriber.userID else { return }
        let app = subscriber.app.number
        let user = UserKey(app: app, userID: userID)
        let socketID = subscriber.socketID
        let watchlist = subscriber.watchlist
        subscriber.userID = nil
        subscriber.watchlist = []
        state.withLock { state in
            Self.unwatch(watchlist, app: app, socketID: socketID, &state)
            state.connections[user]?[socketID] = nil
            state.undecided[socketID] = nil
            state.greetings[user]?.removeAll { $0.socketID == socketID }
            let isLast = state.connections[user]?.isEmpty == true
            if isLast {
                state.connections[user] = nil
                state.usersOnline[app, default: 0] -= 1
            }
            if let session {
                share(user, changed: isLast, &state, session)
                release(watchlist, app: app, &state, session)
                return
            }
            guard isLast else { return }
            tell(state.watchers[user], online: [], offline: [userID])
        }
    }

    /// Closes all connections of a user.
    func close(_ userID: String, app: UInt32, code: UInt16, reason: String) {
        state.withLock { state in
            let sockets = state.connections[UserKey(app: app, userID: userID)] ?? [:]
            for (loop, ids) in Self.byLoop(sockets) {
                inboxes[loop].push(.close(ids, code: code, reason: reason))
            }
        }
    }

    /// Nobody is signed in or watched.
    var isEmpty: Bool {
        state.withLock {
            $0.connections.isEmpty && $0.watchers.isEmpty && $0.undecided.isEmpty
                && $0.usersOnline.values.allSatisfy { $0 == 0 }
        }
    }

    /// How many users of an app are signed in.
    func count(app: UInt32) -> Int {
        state.withLock { $0.usersOnline[app] ?? 0 }
    }

    func tell(_ sockets: [SocketID: Int]?, online: [String], offline: [String], except: SocketID? = nil) {
        guard var sockets, !sockets.isEmpty else { return }
        if let except {
            sockets[except] = nil
        }
        let frame = ServerMessage.watchlistEvents(online: online, offline: offline)
        for (loop, ids) in Self.byLoop(sockets) {
            inboxes[loop].push(.send(frame, to: ids))
        }
    }

    private static func unwatch(_ watchlist: [String], app: UInt32, socketID: SocketID, _ state: inout State) {
        for watched in watchlist {
            let key = UserKey(app: app, userID: watched)
            state.watchers[key]?[socketID] = nil
            if state.watchers[key]?.isEmpty == true {
                state.watchers[key] = nil
            }
        }
    }

    private static func byLoop(_ sockets: [SocketID: Int]) -> [Int: [SocketID]] {
        sockets.reduce(into: [:]) { $0[$1.value, default: []].append($1.key) }
    }
}
