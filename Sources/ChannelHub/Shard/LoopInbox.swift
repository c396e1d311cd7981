package import NIOCore
import Synchronization

/// Hands work to the shard of one event loop, from any thread and in order.
///
/// However many commands come in before the loop gets to them, it is woken once and takes them in one turn, which is
/// what lets several frames leave in one write.
package final class LoopInbox: Sendable {
    private struct State {
        var commands: [LoopCommand] = []
        var bytes = 0
        var isScheduled = false
        var isClosed = false
    }

    package let eventLoop: any EventLoop
    private let state = Mutex(State())
    private let congestion = Atomic<Bool>(false)
    private let shard: NIOLoopBoundBox<HubShard?>

    /// Makes the inbox of a loop; call on that loop.
    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        shard = NIOLoopBoundBox(nil, eventLoop: eventLoop)
    }

    /// The shard; on the loop only.
    var currentShard: HubShard? { shard.value }

    /// The loop is so far behind that publishers should come back later.
    ///
    /// Publishers on other loops are faster than a loop that fans out to many sockets, and the inbox has to end
    /// somewhere. Presence and other consequences of what clients do are always taken.
    var isCongested: Bool { congestion.load(ordering: .relaxed) }

    /// What may wait for a loop, in bytes of frames and in commands.
    private static let maxBytes = 64 << 20
    private static let maxCommands = 100_000

    func attach(_ shard: HubShard) {
        self.shard.value = shard
    }

    /// Appends a command.
    ///
    /// May be called with a directory lock held; see LockOrder.md.
    func push(_ command: LoopCommand) {
        let mustSchedule = state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            state.bytes += command.frameBytes
            if state.bytes > Self.maxBytes || state.commands.count > Self.maxCommands {
                congestion.store(true, ordering: .relaxed)
            }
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule {
            eventLoop.execute { self.drain() }
        }
    }

    /// Lets go of the shard; later commands are discarded.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.commands = []
        }
        shard.value = nil
    }

    private func drain() {
        let commands = state.withLock { state in
            defer { state.commands = [] }
            state.isScheduled = false
            state.bytes = 0
            congestion.store(false, ordering: .relaxed)
            return state.commands
        }
        shard.value?.perform(commands)
    }
}
