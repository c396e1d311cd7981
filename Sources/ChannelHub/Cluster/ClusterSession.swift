import DequeModule
package import Logging
import NIOCore
import PusherProtocol
package import ServerCore
import Synchronization

/// What a node needs to take part in a cluster.
package struct ClusterLink: Sendable {
    package var transport: any ClusterTransport
    package var directory: any ClusterDirectory
    package var configuration: ClusterConfiguration
    /// Finds apps that this node may not have served yet, and hears of changed ones.
    package var apps: CachedAppManager
    package var logger: Logger

    /// Names the parts.
    package init(
        transport: any ClusterTransport,
        directory: any ClusterDirectory,
        configuration: ClusterConfiguration,
        apps: CachedAppManager,
        logger: Logger
    ) {
        self.transport = transport
        self.directory = directory
        self.configuration = configuration
        self.apps = apps
        self.logger = logger
    }
}

/// A topic as the node's own tables name it.
enum SharedKey: Hashable, Sendable {
    case channel(ChannelKey)
    case user(UserKey)
    case app(UInt32)
    /// An app, by its id, that was changed in its store.
    case changedApp(String)
    /// The node itself, which may not be known as alive.
    case lease
    /// A topic that was let go of, where a store may still have this node.
    case released(ClusterTopic)
}

/// One process in its cluster: its names, and the topics of which the directory has to hear.
///
/// Threading: safe from any thread. `markDirty` and the publications may be called with a table's lock held
/// (LockOrder.md).
final class ClusterSession: Sendable {
    let link: ClusterLink
    /// Marks this process's own events.
    let publisher = UInt64.random(in: 1 ... .max)
    private let sequence = Atomic<UInt64>(0)
    private let state: Mutex<State>
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    private struct State {
        var node: ClusterNode
        var dirty: Set<SharedKey> = []
        /// Topics of which something is being said.
        var busy = 0
        var failed: Set<SharedKey> = []
        var failures = 0
        var lastTrouble: ContinuousClock.Instant?
        /// Topics that this node let go of lately, oldest first.
        var released: Deque<(topic: ClusterTopic, at: ContinuousClock.Instant)> = []
    }

    init(_ link: ClusterLink) {
        self.link = link
        state = Mutex(State(node: .random()))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The name under which the node has its part.
    var node: ClusterNode { state.withLock { $0.node } }

    /// Takes a new name, unless that has been done since somebody saw the node under an old one; returns whether it did.
    func rename(from buried: ClusterNode) -> Bool {
        state.withLock { state in
            guard state.node == buried else { return false }
            state.node = .random()
            return true
        }
    }

    // MARK: Publishing

    /// Sends an event to the other nodes.
    func publish(_ frame: ByteBuffer, topic: ClusterTopic, except: SocketID?, retention: ClusterPublication.Retention?)
    {
        let event = ClusterEvent(
            publisher: publisher,
            sequence: sequence.add(1, ordering: .relaxed).newValue,
            except: except,
            frame: frame
        )
        let message = ClusterMessage.event(event).encoded
        link.transport.publish(ClusterPublication(topic: topic, message: message, retention: retention))
    }

    /// Sends another message to all nodes.
    func publish(_ message: ClusterMessage, topic: ClusterTopic) {
        link.transport.publish(ClusterPublication(topic: topic, message: message.encoded))
    }

    // MARK: Topics with something to say

    /// Has the directory hear of a topic.
    func markDirty(_ key: SharedKey) {
        let isFirst = state.withLock { state in
            defer { state.dirty.insert(key) }
            return state.dirty.isEmpty
        }
        if isFirst { wake.yield() }
    }

    /// Has the directory hear of topics once it answers again.
    func markFailed(_ key: SharedKey) {
        state.withLock { state in
            state.failed.insert(key)
            state.lastTrouble = .now
        }
    }

    /// Of so many topics something is said at a time, so that a node with many does not drown its store.
    private static let maxBusy = 1_000

    /// Waits until topics are dirty, and takes some; each has to be given back by `endStep`.
    func dirtyBatches() -> some AsyncSequence<[SharedKey], Never> {
        wakes.map { self.takeDirty() }
    }

    private func takeDirty() -> [SharedKey] {
        state.withLock { state in
            let taken = Array(state.dirty.prefix(Self.maxBusy - state.busy))
            state.dirty.subtract(taken)
            state.busy += taken.count
            return taken
        }
    }

    /// Something was said, or not, of topics that were taken.
    func endSteps(_ count: Int) {
        let mustWake = state.withLock { state in
            state.busy -= count
            return !state.dirty.isEmpty
        }
        if mustWake { wake.yield() }
    }

    /// Nothing waits to be said, as far as this knows.
    var isIdle: Bool { state.withLock { $0.dirty.isEmpty && $0.failed.isEmpty && $0.busy == 0 } }

    /// Something has to be said again.
    var hasFailed: Bool { state.withLock { !$0.failed.isEmpty } }

    /// Lets what failed be tried again; returns how long to wait before the next time.
    func retryFailed() -> Duration {
        let (hadFailed, pause) = state.withLock { state -> (Bool, Duration) in
            let hadFailed = !state.failed.isEmpty
            state.failures = hadFailed ? min(state.failures + 1, 5) : 0
            state.dirty.formUnion(state.failed)
            state.failed = []
            let ceiling = 100 << state.failures
            return (hadFailed, .milliseconds(Int.random(in: ceiling / 2...ceiling)))
        }
        if hadFailed { wake.yield() }
        return pause
    }

    // MARK: Trouble

    /// How long a store may take to be found to have forgotten that a node left a topic.
    private static let releaseMemory = Duration.seconds(60)
    private static let maxReleased = 20_000

    /// A topic was let go of; a store that falls back to an older state may still have this node in it.
    func noteRelease(of topic: ClusterTopic) {
        let now = ContinuousClock.now
        state.withLock { state in
            while let first = state.released.first,
                first.at + Self.releaseMemory < now || state.released.count >= Self.maxReleased
            {
                state.released.removeFirst()
            }
            state.released.append((topic, now))
        }
    }

    /// Has the directory hear again that this node is not in some topics.
    func markForgotten(_ topics: [ClusterTopic]) {
        for topic in topics {
            markDirty(.released(topic))
        }
    }

    /// The topics that were let go of lately.
    var recentlyReleased: [ClusterTopic] {
        state.withLock { state in
            state.released.filter { $0.at + Self.releaseMemory >= .now }.map(\.topic)
        }
    }

    /// The cluster's store was lost or replaced: what is read from it may be old.
    func noteTrouble() {
        state.withLock { $0.lastTrouble = .now }
    }

    /// Whether the store has been without trouble for so long.
    func hasBeenQuiet(for duration: Duration) -> Bool {
        state.withLock { state in
            state.lastTrouble.map { ContinuousClock.now - $0 >= duration } ?? true
        }
    }
}
