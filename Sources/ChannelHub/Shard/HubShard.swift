import CoreMetrics
package import NIOCore
package import PusherProtocol

/// The part of the hub that lives on one event loop: its connections and their subscriptions.
///
/// Threading: reached only on its loop, which every entry point asserts; nothing in it is locked.
package final class HubShard {
    package let eventLoop: any EventLoop
    package let outbox: Outbox
    private unowned let hub: ChannelHub
    private let index: Int
    private var channels: [ChannelKey: ShardChannel] = [:]
    private var subscribers: [SocketID: Subscriber] = [:]
    // By slot, for the entries that are moved when another is removed.
    private var bySlot: ContiguousArray<Subscriber?> = []
    private var lastTicket: UInt64 = 0

    init(hub: ChannelHub, index: Int, eventLoop: any EventLoop, limits: OutboxLimits) {
        self.hub = hub
        self.index = index
        self.eventLoop = eventLoop
        outbox = Outbox(eventLoop: eventLoop, limits: limits)
    }

    /// The connections of this loop.
    package var connectionCount: Int { subscribers.count }

    /// The connections of this loop, in no particular order.
    package var sockets: [any HubSocket] { subscribers.values.map(\.socket) }

    /// Tells every connection that a second has passed.
    package func tick() {
        eventLoop.assertInEventLoop()
        // A connection may leave while it is told: the copy is what is walked.
        for subscriber in bySlot {
            subscriber?.socket.tick()
        }
    }

    // MARK: Connections

    /// Takes a connection in under a fresh socket id; `descriptor` is -1 where all bytes must go through its channel.
    ///
    /// Nothing is sent to the descriptor before `opening`, a write that the channel already has, is done.
    package func connect(
        _ socket: any HubSocket,
        app: ActiveApp,
        descriptor: Int32,
        after opening: EventLoopFuture<Void>?
    ) -> Subscriber {
        eventLoop.assertInEventLoop()
        let slot = outbox.add(socket, descriptor: descriptor)
        if let opening {
            outbox.hold(slot, until: opening)
        }
        let subscriber = Subscriber(socketID: .random(), app: app, socket: socket, slot: slot)
        subscribers[subscriber.socketID] = subscriber
        while bySlot.count <= Int(slot) {
            bySlot.append(nil)
        }
        bySlot[Int(slot)] = subscriber
        return subscriber
    }

    /// Lets a connection go: out of its channels, its user and the outbox.
    ///
    /// Call once, when its channel is inactive.
    package func disconnect(_ subscriber: Subscriber) {
        retire(subscriber)
        outbox.remove(subscriber.slot)
        subscribers[subscriber.socketID] = nil
        bySlot[Int(subscriber.slot)] = nil
    }

    /// Takes a connection that has been sent a close frame out of its channels and its user.
    ///
    /// What is due to it still leaves, and nothing more becomes due: data must not follow a close frame
    /// (RFC 6455 §5.5.1).
    package func retire(_ subscriber: Subscriber) {
        eventLoop.assertInEventLoop()
        subscriber.isRetired = true
        while let subscription = subscriber.subscriptions.last {
            end(subscription, at: subscriber.subscriptions.count - 1, of: subscriber, isBroken: true)
        }
        hub.users.signOut(subscriber, loop: index)
    }

    // MARK: Subscriptions

    /// Says whether a connection is subscribed to a channel.
    package func isSubscribed(_ subscriber: Subscriber, to name: String) -> Bool {
        subscriptionIndex(of: name, subscriber) != nil
    }

    /// Says whether a connection has been told that it is subscribed to a channel.
    package func isEstablished(_ subscriber: Subscriber, in name: String) -> Bool {
        subscriptionIndex(of: name, subscriber).map { subscriber.subscriptions[$0].isEstablished } ?? false
    }

    /// The user that a connection is in a presence channel.
    package func userID(of subscriber: Subscriber, in name: String) -> String? {
        subscriptionIndex(of: name, subscriber).flatMap { subscriber.subscriptions[$0].userID }
    }

    private func subscriptionIndex(of name: String, _ subscriber: Subscriber) -> Int? {
        guard let channel = channels[ChannelKey(app: subscriber.app.number, name: name)] else { return nil }
        return subscriber.subscriptions.firstIndex { $0.channel === channel }
    }

    /// Subscribes a connection and sends it what belongs to that, in the protocol's order; live events come after.
    ///
    /// In a cluster that may be later: once the other nodes' events arrive and they know of the subscription.
    ///
    /// Throws when the channel is full. The caller has checked name, authorization and that it is not subscribed yet.
    package func subscribe(
        _ subscriber: Subscriber,
        to name: String,
        kind: ChannelKind,
        member: PresenceMember?,
        policies: AppSnapshot
    ) throws(PusherError) {
        eventLoop.assertInEventLoop()
        let key = ChannelKey(app: subscriber.app.number, name: name)
        lastTicket += 1
        let join = ChannelJoin(
            key: key,
            kind: kind,
            app: subscriber.app,
            policies: policies,
            loop: index,
            member: member,
            waiter: ChannelJoin.Waiter(socketID: subscriber.socketID, ticket: lastTicket)
        )
        let outcome = try hub.directory.join(join, now: .now())
        let channel = channels[key] ?? ShardChannel(key: key, kind: kind, app: subscriber.app)
        channels[key] = channel
        var subscription = Subscription(channel: channel, position: -1, ticket: lastTicket, userID: member?.userID)
        if outcome.isWaiting {
            channel.waitingCount += 1
        } else {
            let entry = SubscriberEntry(slot: subscriber.slot, subscription: UInt32(subscriber.subscriptions.count))
            subscription.position = channel.append(entry, joinedAt: outcome.version)
        }
        subscriber.subscriptions.append(subscription)
        guard !outcome.isWaiting else { return }
        greet(subscriber, channel: channel, outcome: outcome)
    }

    /// Subscribes a connection that waited, unless it has gone or changed its mind.
    private func establish(_ socketID: SocketID, _ key: ChannelKey, ticket: UInt64, _ outcome: JoinOutcome) {
        guard let (subscriber, index) = waiting(socketID, key, ticket: ticket) else { return }
        let channel = subscriber.subscriptions[index].channel
        channel.waitingCount -= 1
        let entry = SubscriberEntry(slot: subscriber.slot, subscription: UInt32(index))
        subscriber.subscriptions[index].position = channel.append(entry, joinedAt: outcome.version)
        greet(subscriber, channel: channel, outcome: outcome)
    }

    /// Ends a subscription that waited and could not be had.
    private func refuse(_ socketID: SocketID, _ key: ChannelKey, ticket: UInt64, _ error: PusherError) {
        guard let (subscriber, index) = waiting(socketID, key, ticket: ticket) else { return }
        end(subscriber.subscriptions[index], at: index, of: subscriber, isBroken: false)
        send(ServerMessage.error(error), to: subscriber)
        send(ServerMessage.subscriptionError(error, channel: key.name, status: 401), to: subscriber)
    }

    private func waiting(_ socketID: SocketID, _ key: ChannelKey, ticket: UInt64) -> (Subscriber, Int)? {
        guard let subscriber = subscribers[socketID], !subscriber.isRetired,
            let index = subscriptionIndex(of: key.name, subscriber),
            subscriber.subscriptions[index].ticket == ticket, !subscriber.subscriptions[index].isEstablished
        else { return nil }
        return (subscriber, index)
    }

    private func greet(_ subscriber: Subscriber, channel: ShardChannel, outcome: JoinOutcome) {
        let name = channel.key.name
        if let members = outcome.members {
            send(ServerMessage.subscriptionSucceeded(channel: name, members: members), to: subscriber)
        } else {
            send(ServerMessage.subscriptionSucceeded(channel: name), to: subscriber)
        }
        if channel.kind.isCache {
            send(outcome.cached ?? ServerMessage.cacheMiss(channel: name), to: subscriber)
        }
        if let count = outcome.subscriptions {
            send(ServerMessage.subscriptionCount(count, channel: name), to: subscriber)
        }
    }

    /// Ends a connection's subscription; returns false when there was none.
    @discardableResult
    package func unsubscribe(_ subscriber: Subscriber, from name: String) -> Bool {
        eventLoop.assertInEventLoop()
        guard let index = subscriptionIndex(of: name, subscriber) else { return false }
        end(subscriber.subscriptions[index], at: index, of: subscriber, isBroken: false)
        return true
    }

    private func end(_ subscription: Subscription, at index: Int, of subscriber: Subscriber, isBroken: Bool) {
        let channel = subscription.channel
        if !subscription.isEstablished {
            channel.waitingCount -= 1
        } else if let moved = channel.remove(at: subscription.position) {
            bySlot[Int(moved.slot)]?.subscriptions[Int(moved.subscription)].position = subscription.position
        }
        subscriber.subscriptions.swapAt(index, subscriber.subscriptions.count - 1)
        subscriber.subscriptions.removeLast()
        if index < subscriber.subscriptions.count {
            let moved = subscriber.subscriptions[index]
            if moved.isEstablished {
                moved.channel.setSubscriptionIndex(index, at: moved.position)
            }
        }
        if channel.isUnused {
            channels[channel.key] = nil
        }
        hub.directory.leave(
            ChannelLeave(
                key: channel.key,
                kind: channel.kind,
                app: channel.app,
                policies: channel.app.current,
                loop: self.index,
                isLastOnLoop: channel.isUnused,
                userID: subscription.userID,
                isBroken: isBroken,
                waiter: subscription.isEstablished ? nil : subscriber.socketID
            ),
            now: .now()
        )
    }

    // MARK: Users

    /// Signs a connection in, or renews its sign-in as the same user, and tells it who of its watchlist is online.
    ///
    /// The greeting, which says that the connection is signed in, is sent when whatever is done to the user reaches the
    /// connection: at once, or in a cluster when the other nodes know. The caller has checked that the connection is not
    /// another user.
    package func signIn(
        _ subscriber: Subscriber,
        as userID: String,
        watchlist: [String],
        greeting: [ByteBuffer] = []
    ) {
        eventLoop.assertInEventLoop()
        let signIn = SignIn(userID: userID, watchlist: watchlist, loop: index, greeting: greeting)
        guard hub.users.signIn(subscriber, signIn) else { return }
        for frame in greeting {
            send(frame, to: subscriber)
        }
    }

    // MARK: Frames

    /// Makes finished frames due to a connection; they leave with the next `flush`.
    package func send(_ frames: ByteBuffer, to subscriber: Subscriber, count: Int = 1) {
        outbox.mark(subscriber.slot, outbox.append(frames, count: count))
        subscriber.app.metrics.messagesSent.increment(by: Int64(count))
        subscriber.app.metrics.transmittedBytes.increment(by: Int64(frames.readableBytes))
    }

    /// Hands all that is due to the sockets.
    package func flush() {
        outbox.flush()
    }

    /// Performs commands from other loops in their order.
    func perform(_ commands: [LoopCommand]) {
        eventLoop.assertInEventLoop()
        for command in commands {
            switch command {
            case .deliver(let delivery): deliver(delivery)
            case .send(let frame, let sockets):
                for subscriber in sockets.lazy.compactMap({ self.subscribers[$0] }) where !subscriber.isRetired {
                    send(frame, to: subscriber)
                }
            case .close(let sockets, let code, let reason):
                for subscriber in sockets.compactMap({ subscribers[$0] }) {
                    subscriber.socket.close(code: code, reason: reason)
                }
            case .closeApp(let app, let code, let reason):
                for subscriber in Array(subscribers.values) where subscriber.app.number == app {
                    subscriber.socket.close(code: code, reason: reason)
                }
            case .greet(let socketID, let channel, let ticket, let outcome):
                establish(socketID, channel, ticket: ticket, outcome)
            case .refuse(let socketID, let channel, let ticket, let error):
                refuse(socketID, channel, ticket: ticket, error)
            }
            if outbox.isFull {
                outbox.flush()
            }
        }
        outbox.flush()
    }

    private func deliver(_ delivery: Delivery) {
        guard let channel = channels[delivery.channel] else { return }
        let except = delivery.except.flatMap { subscribers[$0]?.slot } ?? UInt32.max
        let range = outbox.append(delivery.frame)
        let count: Int
        if delivery.version > 0 {
            count = deliver(range, to: channel, except: except, version: delivery.version)
        } else {
            outbox.mark(channel.entries, range, except: except)
            count = channel.entries.count
        }
        channel.app.metrics.messagesSent.increment(by: Int64(count))
        channel.app.metrics.transmittedBytes.increment(by: Int64(count * delivery.frame.readableBytes))
    }

    private func deliver(_ range: FrameRange, to channel: ShardChannel, except: UInt32, version: UInt64) -> Int {
        var count = 0
        for (entry, joined) in zip(channel.entries, channel.joinVersions)
        where joined < version && entry.slot != except {
            outbox.mark(entry.slot, range)
            count += 1
        }
        return count
    }
}
