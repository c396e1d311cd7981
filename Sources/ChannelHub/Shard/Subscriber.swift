package import PusherProtocol

/// A connection as the hub knows it.
///
/// Threading: its event loop only.
package final class Subscriber {
    package let socketID: SocketID
    package let app: ActiveApp
    unowned let socket: any HubSocket
    let slot: UInt32
    var subscriptions: ContiguousArray<Subscription> = []
    /// The user that the connection has signed in as.
    package internal(set) var userID: String?
    var watchlist: [String] = []
    /// A close frame is on its way; nothing may follow it.
    var isRetired = false

    init(socketID: SocketID, app: ActiveApp, socket: any HubSocket, slot: UInt32) {
        self.socketID = socketID
        self.app = app
        self.socket = socket
        self.slot = slot
    }

    /// How many channels the connection is subscribed to.
    package var subscriptionCount: Int { subscriptions.count }
}

/// A subscriber's part of a subscription.
struct Subscription {
    var channel: ShardChannel
    /// Where the subscriber stands in the channel's entries; -1 while it waits for the cluster.
    var position: Int
    /// Tells subscriptions that wait apart.
    var ticket: UInt64 = 0
    /// Who the connection is, in a presence channel.
    var userID: String?

    /// Events are delivered.
    var isEstablished: Bool { position >= 0 }
}

/// What the hub wants of a connection beyond the outbox.
package protocol HubSocket: OutboxSocket {
    /// Called once a second by whoever drives the loop's clock, through `HubShard.tick`.
    func tick()

    /// Closes the connection with a code and a reason, after what is due to it.
    func close(code: UInt16, reason: String)
}
