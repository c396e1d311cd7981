import NIOCore
import PusherProtocol

/// The subscribers that one event loop has in one channel, in a dense array.
final class ShardChannel {
    let key: ChannelKey
    let kind: ChannelKind
    let app: ActiveApp
    private(set) var entries: ContiguousArray<SubscriberEntry> = []
    /// The channel's version at which each subscriber joined; kept only where joining shows state that deliveries
    /// change: presence and cache channels.
    private(set) var joinVersions: ContiguousArray<UInt64> = []
    /// Connections of the loop that wait to be subscribed.
    var waitingCount = 0

    init(key: ChannelKey, kind: ChannelKind, app: ActiveApp) {
        self.key = key
        self.kind = kind
        self.app = app
    }

    /// No connection of the loop is subscribed or waits to be.
    var isUnused: Bool { entries.isEmpty && waitingCount == 0 }

    private var hasVersions: Bool { kind.isPresence || kind.isCache }

    /// Adds a subscriber and returns its position.
    func append(_ entry: SubscriberEntry, joinedAt version: UInt64) -> Int {
        entries.append(entry)
        if hasVersions {
            joinVersions.append(version)
        }
        return entries.count - 1
    }

    /// Removes the subscriber at a position; the last one takes its place and is returned unless it was the one.
    func remove(at position: Int) -> SubscriberEntry? {
        let isLast = position == entries.count - 1
        entries.swapAt(position, entries.count - 1)
        entries.removeLast()
        if hasVersions {
            joinVersions.swapAt(position, joinVersions.count - 1)
            joinVersions.removeLast()
        }
        return isLast ? nil : entries[position]
    }

    /// A subscription of the connection at `entries[position]` was moved in that connection's own list.
    func setSubscriptionIndex(_ index: Int, at position: Int) {
        entries[position].subscription = UInt32(index)
    }
}

/// One subscriber: its slot in the outbox, and where the subscription stands in the subscriber's own list.
struct SubscriberEntry {
    var slot: UInt32
    var subscription: UInt32
}
