import PusherProtocol

/// How many are in a channel.
package struct ChannelCounts: Sendable, Equatable {
    /// Open subscriptions: connections, not users.
    package var subscriptions = 0
    /// Distinct users; 0 for channels without presence.
    package var users = 0

    init() {}

    /// Makes counts.
    package init(subscriptions: Int, users: Int) {
        self.subscriptions = subscriptions
        self.users = users
    }

    init(_ entry: ChannelEntry) {
        subscriptions = entry.subscriptions
        users = entry.roster.count
    }
}

/// Sums over the channels of one app.
package struct AppOccupancy: Sendable, Equatable {
    package var channels = 0
    package var subscriptions = 0
    package var presenceChannels = 0
    package var presenceSubscriptions = 0
    package var presenceMembers = 0

    /// An app without channels.
    package init() {}

    /// Adds the sums of another app.
    package mutating func add(_ other: AppOccupancy) {
        channels += other.channels
        subscriptions += other.subscriptions
        presenceChannels += other.presenceChannels
        presenceSubscriptions += other.presenceSubscriptions
        presenceMembers += other.presenceMembers
    }

    mutating func add(_ entry: ChannelEntry) {
        guard entry.kind.isListed else { return }
        channels += 1
        subscriptions += entry.subscriptions
        guard entry.kind.isPresence else { return }
        presenceChannels += 1
        presenceSubscriptions += entry.subscriptions
        presenceMembers += entry.roster.count
    }
}
