import NIOCore
import PusherProtocol
import ServerCore

/// What the directory knows of one channel over all event loops.
struct ChannelEntry {
    let kind: ChannelKind
    /// Open subscriptions: connections, not users.
    var subscriptions = 0
    /// The loops that hold subscribers, one bit each.
    var loops: UInt64 = 0
    /// Grows with every change that subscribers see in what they get when they join.
    ///
    /// Versions are tickets of the stripe, so that a channel that was forgotten and made anew does not repeat those of
    /// its earlier life, whose deliveries may still be on their way.
    var version: UInt64
    var roster = PresenceRoster()
    var edges = WebhookEdges()
    var cached: CachedEvent?
    /// The version since which that is what later subscribers of a shared channel are given.
    var cachedVersion: UInt64 = 0
    /// A miss was told since there last was a value or a subscriber.
    var hasToldCacheMiss = false
    var countCadence = CountCadence()
    /// The channel in the whole cluster, where there is one.
    var remote: RemoteTopic?

    init(kind: ChannelKind, version: UInt64) {
        self.kind = kind
        self.version = version
    }

    /// Open subscriptions over all nodes.
    var allSubscriptions: Int { remote?.replica.counts.subscriptions ?? subscriptions }

    /// Nothing is left to remember.
    var isDisposable: Bool {
        subscriptions == 0 && edges.isQuiet && cached == nil && roster.isEmpty && !countCadence.isWaiting
            && remote == nil
    }
}

/// The last event of a cache channel.
struct CachedEvent {
    /// The whole frame, as it went to the subscribers of its time.
    var frame: ByteBuffer
    /// The data string as it stood in the publish request, in its JSON escapes, without the quotes.
    var escapedData: [UInt8]
    var expiresAt: NIODeadline
}

/// When a channel's subscribers were last told how many they are.
struct CountCadence {
    var lastTold: NIODeadline?
    /// A change waits for the interval to pass.
    var isWaiting = false
    var lastCount = 0
}
