package import NIOCore
package import PusherProtocol
package import ServerCore

/// Who is connected, subscribed and signed in on this node, and the way for every event to those who want it.
///
/// Threading: safe from any thread, except for the shards, each of which belongs to its event loop.
package final class ChannelHub: Sendable {
    package let apps: ActiveApps
    package let configuration: HubConfiguration
    let directory: ChannelDirectory
    let users: UserDirectory
    /// The node's part in its cluster; `nil` where it is alone.
    let session: ClusterSession?
    let quotas: AppQuotas?
    let inboxes: [LoopInbox]
    private let sink: any WebhookSink

    private init(
        inboxes: [LoopInbox],
        apps: ActiveApps,
        configuration: HubConfiguration,
        sink: any WebhookSink,
        session: ClusterSession?
    ) {
        self.session = session
        quotas = session.map { AppQuotas(apps: apps, session: $0) }
        self.inboxes = inboxes
        self.apps = apps
        self.configuration = configuration
        self.sink = sink
        directory = ChannelDirectory(
            inboxes: inboxes,
            apps: apps,
            configuration: configuration,
            sink: sink,
            session: session
        )
        users = UserDirectory(inboxes: inboxes, apps: apps, session: session)
    }

    /// Makes a hub with a shard on each of up to 64 event loops.
    package static func start(
        on eventLoops: [any EventLoop],
        apps: ActiveApps,
        configuration: HubConfiguration,
        limits: OutboxLimits,
        sink: any WebhookSink,
        cluster: ClusterLink? = nil
    ) async throws -> ChannelHub {
        var inboxes: [LoopInbox] = []
        for eventLoop in eventLoops {
            inboxes.append(try await eventLoop.submit { LoopInbox(eventLoop: eventLoop) }.get())
        }
        let hub = ChannelHub(
            inboxes: inboxes,
            apps: apps,
            configuration: configuration,
            sink: sink,
            session: cluster.map(ClusterSession.init)
        )
        apps.observe { [weak hub] in hub?.appDidChange($0, $1) }
        for (index, inbox) in inboxes.enumerated() {
            try await inbox.eventLoop.submit {
                inbox.attach(HubShard(hub: hub, index: index, eventLoop: inbox.eventLoop, limits: limits))
            }.get()
        }
        return hub
    }

    /// The shard of the event loop that the caller runs on; `nil` on other loops and after `stop`.
    package func shard(on eventLoop: any EventLoop) -> HubShard? {
        inboxes.first { $0.eventLoop === eventLoop }?.currentShard
    }

    /// Lets go of the shards.
    package func stop() async throws {
        for inbox in inboxes {
            try await inbox.eventLoop.submit { inbox.close() }.get()
        }
    }

    // MARK: Publishing

    /// An event loop is far behind; events of publishers and clients should be refused until it has caught up.
    package var isCongested: Bool { inboxes.contains(where: \.isCongested) }

    /// Publishes an event of the HTTP API; returns the channel's counts at that moment.
    ///
    /// The event is made only where somebody is to get it or it is to be kept.
    package func publish(
        _ event: @autoclosure () -> PreparedEvent,
        to channel: String,
        app: ActiveApp,
        except: SocketID? = nil
    ) -> ChannelCounts {
        let kind = ChannelKind(name: channel)
        let key = ChannelKey(app: app.number, name: channel)
        // A node with others to send to must make every event.
        guard session != nil || kind.isCache || directory.isKnown(key) else { return ChannelCounts() }
        let event = event()
        let publication = ChannelPublication(
            kind: kind,
            frame: event.frame,
            except: except,
            cacheable: event.escapedData
        )
        return directory.publish(publication, key: key, now: .now())
    }

    /// Relays a client's event to the other subscribers; it is never kept in a cache.
    package func relay(_ frame: ByteBuffer, to channel: String, app: ActiveApp, from sender: SocketID) {
        let publication = ChannelPublication(
            kind: ChannelKind(name: channel),
            frame: frame,
            except: sender,
            cacheable: nil
        )
        _ = directory.publish(publication, key: ChannelKey(app: app.number, name: channel), now: .now())
    }

    /// Hands a webhook event to the sink.
    package func emit(_ event: WebhookEvent) {
        sink.emit(event)
    }

    // MARK: Questions

    /// Counts one channel.
    package func counts(of channel: String, app: ActiveApp) -> ChannelCounts {
        directory.counts(of: ChannelKey(app: app.number, name: channel))
    }

    /// The escaped data of a cache channel's last event and the time until it ends.
    package func cachedEvent(of channel: String, app: ActiveApp) -> (escapedData: [UInt8], remaining: TimeAmount)? {
        directory.cachedEvent(of: ChannelKey(app: app.number, name: channel), now: .now())
    }

    /// The users of a presence channel, in order.
    package func userIDs(of channel: String, app: ActiveApp) -> [String] {
        directory.userIDs(of: ChannelKey(app: app.number, name: channel)).sorted()
    }

    /// The occupied channels whose names start with a prefix, in order.
    package func channels(of app: ActiveApp, prefix: String = "") -> [(name: String, counts: ChannelCounts)] {
        directory.occupiedChannels(app: app.number, prefix: prefix).sorted { $0.name < $1.name }
    }

    /// Sums over an app's channels.
    package func occupancy(of app: ActiveApp) -> AppOccupancy {
        directory.occupancy(app: app.number)
    }

    /// The users of an app who are signed in.
    package func signedInUsers(of app: ActiveApp) -> Int {
        users.count(app: app.number)
    }

    // MARK: Users

    /// Closes all connections that are signed in as a user.
    package func closeConnections(ofUser userID: String, app: ActiveApp, code: UInt16, reason: String) {
        users.close(userID, app: app.number, code: code, reason: reason)
        let topic = ClusterTopic(.user, appID: app.id, name: userID)
        session?.publish(.close(code: code, reason: reason), topic: topic)
    }

    // MARK: Time

    /// Tells the webhooks at once what would have waited for the grace period, because the node goes.
    package func finishEdges() {
        // In a cluster the other nodes tell them, or nobody if the clients are back in time.
        guard session == nil else { return }
        directory.sweep(now: .distantFuture)
    }

    /// Does what has become due; call several times a second.
    package func sweep(now: NIODeadline = .now()) {
        directory.sweep(now: now)
        users.sweep(now: now)
    }
}

/// An event as the HTTP API publishes it, encoded once for any number of subscribers.
package struct PreparedEvent: Sendable {
    /// The whole WebSocket frame.
    package var frame: ByteBuffer
    /// The data string in its JSON escapes, without the quotes, as it was published.
    package var escapedData: [UInt8]

    /// Makes an event.
    package init(frame: ByteBuffer, escapedData: [UInt8]) {
        self.frame = frame
        self.escapedData = escapedData
    }
}
