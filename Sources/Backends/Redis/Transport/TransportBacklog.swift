import DequeModule
import NIOCore
import ServerCore
import Synchronization

/// What callers hand to the transport's loop, and how much of it has not arrived at a server.
///
/// Threading: any.
final class TransportBacklog: Sendable {
    /// Something to be done on the loop.
    enum Task: Sendable {
        case subscribe(ClusterTopic)
        case unsubscribe(ClusterTopic)
        case publish(ClusterPublication, deadline: NIODeadline)
    }

    private struct State {
        var tasks: [Task] = []
        var isRunning = false
        var hasEnded = false
        var isServing = false
        var count = 0
        var bytes = 0
        var waiters: [OneShotSignal] = []
    }

    private let maxCount: Int
    private let maxBytes: Int
    private let maxTime: TimeAmount
    private let state = Mutex(State())

    init(_ options: RedisTransportOptions) {
        maxCount = options.maxBufferedMessages
        maxBytes = options.maxBufferedBytes
        maxTime = TimeAmount(options.maxBufferedTime)
    }

    /// What a message counts against the bound of bytes.
    static func cost(of publication: ClusterPublication) -> Int {
        publication.message.readableBytes + (publication.retention?.value.readableBytes ?? 0) + 128
    }

    /// The messages that have not arrived.
    var count: Int { state.withLock(\.count) }

    /// Whether messages leave at once.
    var isServing: Bool { state.withLock { $0.isServing && !$0.hasEnded } }

    func setServing(_ isServing: Bool) {
        state.withLock { $0.isServing = isServing }
    }

    /// Whether the loop is to be woken, or `nil` when there is no room for a message or all is over.
    func add(_ publication: ClusterPublication) -> Bool? {
        let cost = Self.cost(of: publication)
        let deadline = NIODeadline.now() + maxTime
        return state.withLock { state in
            guard !state.hasEnded, state.count < maxCount, state.bytes + cost <= maxBytes else { return nil }
            state.count += 1
            state.bytes += cost
            state.tasks.append(.publish(publication, deadline: deadline))
            return state.isRunning && state.tasks.count == 1
        }
    }

    /// Whether the loop is to be woken for a change of subscriptions.
    func add(_ task: Task) -> Bool {
        state.withLock { state in
            guard !state.hasEnded else { return false }
            state.tasks.append(task)
            return state.isRunning && state.tasks.count == 1
        }
    }

    /// Takes out what was added; from now on the loop is woken.
    func take() -> [Task] {
        state.withLock { state in
            state.isRunning = true
            defer { state.tasks = [] }
            return state.tasks
        }
    }

    /// Messages have arrived or were given up.
    func left(_ count: Int, bytes: Int) {
        let waiters = state.withLock { state -> [OneShotSignal] in
            state.count -= count
            state.bytes -= bytes
            guard state.count == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.signal() }
    }

    /// Takes nothing in any more; returns how many messages are lost by that.
    func end() -> Int {
        let (lost, waiters) = state.withLock { state -> (Int, [OneShotSignal]) in
            state.hasEnded = true
            defer {
                state.tasks = []
                state.waiters = []
                state.count = 0
                state.bytes = 0
            }
            return (state.count, state.waiters)
        }
        for waiter in waiters { waiter.signal() }
        return lost
    }

    /// A signal that is given once nothing waits, or `nil` if nothing does.
    func emptied() -> OneShotSignal? {
        state.withLock { state in
            guard state.count > 0 else { return nil }
            let signal = OneShotSignal()
            state.waiters.append(signal)
            return signal
        }
    }
}
