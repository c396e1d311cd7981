import Logging
package import NIOCore
package import PusherProtocol
package import ServerCore

/// The hub as one of many.
extension ChannelHub {
    // MARK: Life

    /// Whether other nodes may be there.
    package var isShared: Bool { session != nil }

    /// Takes part in the cluster until the task is cancelled; returns at once where there is none.
    package func runCluster() async {
        guard let session else { return }
        await withDiscardingTaskGroup { group in
            group.addTask { await session.link.transport.run(receiver: HubReceiver(hub: self)) }
            let keeper = NodeKeeper(hub: self, session: session)
            await keeper.begin()
            group.addTask { await keeper.run() }
            group.addTask { await ClusterSpeaker(hub: self, session: session).run() }
        }
    }

    /// Leaves the cluster after the last connection has gone: says all there is to say, and lets the others tell what
    /// is to be told later, or tells it where nobody else is there.
    package func leaveCluster(within duration: Duration) async {
        guard let session else { return }
        let end = ContinuousClock.now + duration
        // News that are not known to be in their queue would be told again by whoever buries this node.
        await waitUntil(end) {
            session.isIdle && self.directory.isAsserted && self.users.isAsserted && !self.directory.hasNews
        }
        await session.link.transport.flush(within: max(.zero, end - .now))
        do throws(BackendError) {
            let others = try await session.link.directory.nodes().filter { $0.isLive && $0.node != session.node }
            if others.isEmpty {
                let grace = configuration.webhookGracePeriod + .milliseconds(500)
                await waitUntil(min(end, .now + grace)) { !self.directory.isSettling && self.directory.isAsserted }
            }
            try await session.link.directory.endLease(of: session.node)
        } catch {
            // The lease ends by itself, only later.
            session.link.logger.warning(
                "the cluster could not be left in order",
                metadata: .init([.errorMessage: "\(error)"])
            )
        }
    }

    private func waitUntil(_ end: ContinuousClock.Instant, _ isDone: () -> Bool) async {
        while !isDone(), ContinuousClock.now < end, !Task.isCancelled {
            sweep()
            // Cancelled: the loop's condition notices.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Whether publications reach the other nodes, as far as that is demanded.
    package var canPublish: Bool {
        guard let session, session.link.configuration.refusesUnreachable else { return true }
        return session.link.transport.isServing
    }

    /// Throws when the cluster's store does not answer; for health checks.
    package func checkClusterHealth() async throws(BackendError) {
        try await session?.link.directory.checkHealth()
    }

    // MARK: Quotas

    /// Whether other nodes have a say in whether an app may have one more connection.
    package func sharesQuota(of app: ActiveApp) -> Bool {
        quotas != nil && app.current.app.limits.maxConnections > 0
    }

    /// Counts a connection of an app in, unless its quota is used up on all nodes together; calls the closure on the
    /// loop, later.
    package func admitConnection(
        to app: ActiveApp,
        on eventLoop: any EventLoop,
        _ decide: @escaping @Sendable (Bool) -> Void
    ) {
        quotas?.admit(app, on: eventLoop, decide)
    }

    /// Counts a connection of an app out.
    package func releaseConnection(of app: ActiveApp) {
        app.releaseConnection()
        quotas?.release(app)
    }

    // MARK: Questions to the whole cluster

    /// Counts channels over all nodes, in their order.
    package func sharedCounts(of channels: [String], app: ActiveApp) async throws(BackendError) -> [ChannelCounts] {
        guard let session else { return channels.map { counts(of: $0, app: app) } }
        let topics = channels.map { ClusterTopic(.channel, appID: app.id, name: $0) }
        return try await session.link.directory.counts(of: topics).map {
            ChannelCounts(subscriptions: $0.subscriptions, users: $0.users)
        }
    }

    /// The users of a presence channel over all nodes, in order.
    package func sharedUserIDs(of channel: String, app: ActiveApp) async throws(BackendError) -> [String] {
        guard let session else { return userIDs(of: channel, app: app) }
        return try await session.link.directory.userIDs(of: ClusterTopic(.channel, appID: app.id, name: channel))
            .sorted()
    }

    /// The channels that are occupied on any node and whose names start with a prefix, in order.
    package func sharedChannels(
        of app: ActiveApp,
        prefix: String
    ) async throws(BackendError) -> [(name: String, counts: ChannelCounts)] {
        guard let session else { return channels(of: app, prefix: prefix) }
        let names = try await session.link.directory.channels(appID: app.id, prefix: prefix).map(\.name)
            .filter { ChannelKind(name: $0).isListed }
        let counts = try await sharedCounts(of: names, app: app)
        return zip(names, counts).filter { $0.1.subscriptions > 0 }.map { (name: $0.0, counts: $0.1) }
    }

    /// The escaped data of a cache channel's last event and the time until it ends, whoever published it.
    package func sharedCachedEvent(
        of channel: String,
        app: ActiveApp
    ) async throws(BackendError) -> (escapedData: [UInt8], remaining: TimeAmount)? {
        guard let session else { return cachedEvent(of: channel, app: app) }
        let topic = ClusterTopic(.channel, appID: app.id, name: channel)
        guard let value = try await session.link.directory.retained(by: topic), let event = RetainedEvent(value.bytes)
        else { return nil }
        return (event.escapedData, value.remaining.timeAmount)
    }

    // MARK: Apps

    func appDidChange(_ app: ActiveApp, _ change: ActiveApps.Change) {
        switch change {
        case .appeared:
            session?.link.transport.subscribe(ClusterTopic(.app, appID: app.id))
        case .changed:
            if !app.current.app.isEnabled {
                closeConnections(of: app, .appDisabled)
            }
            if sharesQuota(of: app), app.connections > 0 {
                quotas?.begin(app)
            }
        }
    }

    /// Closes all of this node's connections of an app.
    package func closeConnections(of app: ActiveApp, _ code: CloseCode) {
        for inbox in inboxes {
            inbox.push(.closeApp(app.number, code: code.rawValue, reason: code.defaultMessage))
        }
    }

    /// Takes over an app's policies after somebody changed them.
    func refreshApp(id: String) async {
        guard let session else { return }
        let manager = session.link.apps
        manager.invalidate(id: id)
        do throws(BackendError) {
            if let app = try await manager.app(id: id) {
                _ = apps.activate(app)
            } else if let app = apps.existing(id: id) {
                closeConnections(of: app, .appNotFound)
            }
        } catch {
            // The store is away: the cache asks again by itself.
            session.link.logger.warning(
                "a changed app could not be looked up",
                metadata: .init([.appID: "\(id)", .errorMessage: "\(error)"])
            )
        }
    }

    // MARK: The tables' part

    func nextStep(_ key: SharedKey, node: ClusterNode) -> RemoteStep {
        switch key {
        case .channel(let key): directory.nextStep(key, node: node)
        case .user(let key): users.nextStep(key, node: node)
        case .app(let number): quotas?.nextStep(number, node: node) ?? .nothing
        case .changedApp, .lease: .nothing
        case .released(let topic): isHeld(topic) ? .nothing : .update(ClusterUpdate.empty(topic, node: node))
        }
    }

    /// A table has the topic, and asserts it itself.
    private func isHeld(_ topic: ClusterTopic) -> Bool {
        switch topic.kind {
        case .channel: channelKey(topic).map(directory.isShared) ?? false
        case .user: userKey(topic).map(users.isShared) ?? false
        case .app: true
        }
    }

    func finish(_ key: SharedKey, _ outcome: ClusterOutcome) {
        switch key {
        case .channel(let key): directory.finish(key, outcome)
        case .user(let key): users.finish(key, outcome)
        case .app(let number): quotas?.finish(number, outcome)
        case .changedApp, .lease, .released: break
        }
    }

    func recorded(_ key: SharedKey) {
        switch key {
        case .channel(let key): directory.recorded(key)
        case .user(let key): users.recorded(key)
        case .app(let number): quotas?.recorded(number)
        case .changedApp, .lease, .released: break
        }
    }

    func erased(_ key: SharedKey) {
        switch key {
        case .channel(let key): directory.erased(key)
        case .user(let key): users.erased(key)
        case .app, .changedApp, .lease, .released: break
        }
    }

    func stepFailed(_ key: SharedKey) {
        switch key {
        case .channel(let key): directory.stepFailed(key)
        case .user(let key): users.stepFailed(key)
        case .app(let number): quotas?.stepFailed(number)
        case .changedApp, .lease, .released: break
        }
    }

    /// Completes what a dead node's part of a topic is asserted with.
    func complete(_ update: inout ClusterUpdate, app: ActiveApp) {
        switch update.topic.kind {
        case .channel:
            update.telling = directory.telling(app.current, ChannelKind(name: update.topic.name))
            update.gracePeriod = configuration.webhookGracePeriod
        case .user: update.telling = .edges
        case .app: break
        }
    }

    /// Takes over what is left to tell of a dead node's part of a channel.
    func adopt(_ topic: ClusterTopic, app: ActiveApp?, _ outcome: ClusterOutcome) {
        guard let app else { return }
        directory.adopt(ChannelKey(app: app.number, name: topic.name), app: app, outcome)
    }

    /// Goes on under another name, unless that has been done already.
    func takeNewName(after buried: ClusterNode) {
        guard let session, session.rename(from: buried) else { return }
        session.markDirty(.lease)
        directory.rename()
        users.rename()
        quotas?.reassert()
    }
}

/// Hands what a transport brings to the hub's tables.
struct HubReceiver: ClusterReceiver {
    let hub: ChannelHub

    func received(_ bytes: ByteBuffer, on topic: ClusterTopic) {
        // What cannot be read comes of a newer version, whose nodes do not rely on it.
        guard let message = ClusterMessage(bytes) else { return }
        switch topic.kind {
        case .channel: hub.channelKey(topic).map { hub.directory.receive(message, on: $0) }
        case .user: hub.userKey(topic).map { hub.users.receive(message, on: $0) }
        case .app:
            guard case .appChanged = message else { return }
            hub.session?.markDirty(.changedApp(topic.appID))
        }
    }

    func subscribed(to topics: [ClusterTopic]) {
        for topic in topics {
            switch topic.kind {
            case .channel: hub.channelKey(topic).map(hub.directory.open)
            case .user: hub.userKey(topic).map(hub.users.open)
            // What was told of the app while nobody listened is read again.
            case .app: hub.session?.markDirty(.changedApp(topic.appID))
            }
        }
    }

    func interrupted(_ topics: [ClusterTopic]) {
        hub.session?.noteTrouble()
        for topic in topics {
            switch topic.kind {
            case .channel: hub.channelKey(topic).map(hub.directory.interrupt)
            case .user: hub.userKey(topic).map(hub.users.interrupt)
            case .app: break
            }
        }
    }

    func disturbed(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool) {
        guard let session = hub.session else { return }
        session.noteTrouble()
        // Whoever has a part must be found when it dies, however soon that is.
        session.markDirty(.lease)
        hub.directory.disturb(isAffected)
        hub.users.disturb(isAffected)
        hub.quotas?.reassert()
        session.markForgotten(session.recentlyReleased.filter(isAffected))
    }
}

extension ChannelHub {
    fileprivate func channelKey(_ topic: ClusterTopic) -> ChannelKey? {
        apps.existing(id: topic.appID).map { ChannelKey(app: $0.number, name: topic.name) }
    }

    fileprivate func userKey(_ topic: ClusterTopic) -> UserKey? {
        apps.existing(id: topic.appID).map { UserKey(app: $0.number, userID: topic.name) }
    }
}

extension ClusterUpdate {
    /// Asserts that a node has no part in a topic.
    fileprivate static func empty(_ topic: ClusterTopic, node: ClusterNode) -> ClusterUpdate {
        var update = ClusterUpdate(topic, node: node)
        update.isWhole = true
        return update
    }
}
