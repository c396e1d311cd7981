import NIOCore
import PusherProtocol

/// One connection's wish to subscribe.
struct ChannelJoin {
    var key: ChannelKey
    var kind: ChannelKind
    var app: ActiveApp
    var policies: AppSnapshot
    /// The event loop of the connection, by its index.
    var loop: Int
    /// Who the connection is, in a presence channel.
    var member: PresenceMember?
    /// Who is told if the cluster has to know first.
    var waiter: Waiter?

    /// A subscription that may have to wait.
    struct Waiter {
        var socketID: SocketID
        /// Tells this subscription from earlier and later ones of the connection to the channel.
        var ticket: UInt64
    }
}

/// What a new subscriber is to be sent.
struct JoinOutcome: Sendable {
    /// The channel's version of which the rest is the state.
    var version: UInt64
    /// The members, on presence channels.
    var members: [PresenceMember]?
    /// The frame of the last event, on cache channels that have one.
    var cached: ByteBuffer?
    /// The number of subscriptions, where the subscriber is to be told it and nothing else will.
    var subscriptions: Int?
    /// Nothing is to be sent yet: the rest comes as a command when the cluster knows of the subscription.
    var isWaiting = false
}

/// The end of one connection's subscription.
struct ChannelLeave {
    var key: ChannelKey
    var kind: ChannelKind
    var app: ActiveApp
    var policies: AppSnapshot
    var loop: Int
    /// No other connection of the loop is subscribed.
    var isLastOnLoop: Bool
    /// Who the connection was, in a presence channel.
    var userID: String?
    /// The connection ended rather than unsubscribed, and may be back soon.
    var isBroken: Bool
    /// Set where the subscription still waited for the cluster.
    var waiter: SocketID?
}

/// An event for the subscribers of a channel.
struct ChannelPublication {
    var kind: ChannelKind
    var frame: ByteBuffer
    /// The connection that does not get the event.
    var except: SocketID?
    /// The escaped data to keep for later subscribers of a cache channel; `nil` for client events.
    var cacheable: [UInt8]?
}
