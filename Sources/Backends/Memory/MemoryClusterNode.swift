import DequeModule
import NIOCore
import ServerCore

/// What a bus holds of one node.
struct MemoryClusterNode {
    /// Messages that wait while the node is cut off; more are dropped.
    static let maxBuffered = 10_000

    /// What the node's receiver is to be told.
    enum Event: Sendable {
        case received(ByteBuffer, ClusterTopic, token: UInt64)
        case subscribed([ClusterTopic: UInt64])
        case interrupted([ClusterTopic])
        case disturbed
    }

    /// The topics that it asked for, each with a number that no other request of the node has.
    var wanted: [ClusterTopic: UInt64] = [:]
    var lastToken: UInt64 = 0
    var isCut = false
    /// What waited goes out, and what comes meanwhile waits behind it.
    var isSendingBuffered = false
    var hasEnded = false
    var inbox: [Event] = []
    var waiter: OneShotSignal?
    var buffer: Deque<ClusterPublication> = []

    /// Adds an event and returns whom to wake.
    mutating func put(_ event: Event) -> OneShotSignal? {
        inbox.append(event)
        defer { waiter = nil }
        return waiter
    }
}
