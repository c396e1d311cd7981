package import NIOCore
import Synchronization

/// Hands work to the shard of one event loop, from any thread and in order.
///
/// However many commands come in before the loop gets to them, it is woken once and takes them in one turn, which is
/// what lets several frames leave in one write.
package final class LoopInbox: Sendable {
    private struct State {
        var commands: [LoopCommand] = []
        var isScheduled = false
        var isClosed = false
    }

    package let eventLoop: any EventLoop
    private let state = Mutex(State())
    private let shard: NIOLoopBoundBox<HubShard?>

    /// Makes the inbox of a loop; call on that loop.
    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        shard = NIOLoopBoundBox(nil, eventLoop: eventLoop)
    }

    /// The shard; on the loop only.
    var currentShard: HubShard? { shard.value }

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
            return state.commands
        }
        shard.value?.perform(commands)
    }
}
