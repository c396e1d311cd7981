import CoreMetrics
import NIOCore
import PusherProtocol
import ServerCore
import Synchronization

/// Channels that other nodes are in too: what the cluster tells of them, under the stripe's lock.
extension ChannelDirectory {
    /// Does what follows from an outcome.
    func perform(
        _ effects: RemoteTopic.Effects,
        key: ChannelKey,
        remote: RemoteTopic,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard let app = apps.existing(number: key.app) else { return }
        for userID in effects.difference.removed {
            deliver(ServerMessage.memberRemoved(userID: userID, channel: key.name), key, &entry, &timers)
        }
        for member in effects.difference.added {
            deliver(ServerMessage.memberAdded(member, channel: key.name), key, &entry, &timers)
        }
        if let retained = effects.retained {
            entry.cached = nil
            entry.version = timers.nextTicket()
            if let retained, let event = RetainedEvent(retained.bytes) {
                let expiry = now + retained.remaining.timeAmount
                keep(event.frame, until: expiry, key: key, entry: &entry, timers: &timers)
            }
        }
        let policies = app.current
        if effects.difference.countChanged {
            countChanged(key, app: app, policies: policies, entry: &entry, timers: &timers, now: now)
        }
        if effects.ownCountChanged, policies.webhookTypes.contains(.subscriptionCount),
            countsMatter(policies, entry.kind)
        {
            let content = WebhookEvent.Content.subscriptionCount(remote.replica.counts.subscriptions)
            sink.emit(WebhookEvent(appID: app.id, channel: key.name, content: content))
        }
        for news in effects.news {
            tell(news, key: key, app: app, remote: remote, timers: &timers, now: now)
        }
        for deadline in effects.ringsAt {
            timers.settlings.append(key, deadline: deadline)
        }
        for join in effects.refused {
            let limit = policies.app.limits.maxPresenceMembersPerChannel
            let error = PusherError("The presence channel \(key.name) is full: it takes \(limit) members")
            inboxes[join.loop].push(.refuse(join.socketID, channel: key, ticket: join.ticket, error))
        }
    }

    private func tell(
        _ news: ClusterNews,
        key: ChannelKey,
        app: ActiveApp,
        remote: RemoteTopic,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        let content: WebhookEvent.Content =
            switch news.content {
            case .occupied: .channelOccupied
            case .vacated: .channelVacated
            case .memberAdded(let userID): .memberAdded(userID: userID)
            case .memberRemoved(let userID): .memberRemoved(userID: userID)
            case .cacheMiss: .cacheMiss
            }
        let event = WebhookEvent(appID: app.id, channel: key.name, content: content)
        let isTaken = sink.emit(event) { [weak self] in self?.queued(news.number, key) }
        if !isTaken {
            // Dropped and counted; to tell it again would not make room.
            remote.noteQueued(news: news.number)
            report(key, remote, timers: &timers, now: now)
        }
    }

    /// News reached their queue, and need not be told by whoever buries this node.
    private func queued(_ number: UInt64, _ key: ChannelKey) {
        guard let session else { return }
        stripe(of: key).state.withLock { state in
            guard let entry = state.entry(key), let remote = entry.remote else { return }
            remote.noteQueued(news: number)
            // At once: until the directory knows, whoever buries this node would tell it again.
            cue(key, remote, session)
        }
    }

    // MARK: Subscribers

    /// What a new subscriber is sent.
    func outcome(_ remote: RemoteTopic, _ entry: ChannelEntry, now: NIODeadline) -> JoinOutcome {
        var outcome = JoinOutcome(version: entry.version)
        if remote.kind.isPresence {
            outcome.members = (remote.replica.members ?? [:]).map { PresenceMember(userID: $0.key, userInfo: $0.value) }
        }
        if let cached = entry.cached, cached.expiresAt > now {
            outcome.cached = cached.frame
        }
        // The change that the subscriber is was told to those before it.
        if let app = apps.existing(id: remote.topic.appID), countsMatter(app.current, remote.kind),
            entry.allSubscriptions <= configuration.subscriptionCountThreshold
        {
            outcome.subscriptions = entry.allSubscriptions
        }
        return outcome
    }

    /// Tells the subscribers who waited and can be told now.
    func greetReady(_ key: ChannelKey, _ remote: RemoteTopic, _ entry: ChannelEntry, now: NIODeadline) {
        for join in remote.takeReady() {
            let outcome = outcome(remote, entry, now: now)
            inboxes[join.loop].push(.greet(join.socketID, channel: key, ticket: join.ticket, outcome))
        }
    }

    /// Tells a change of what new subscribers are given to those who were given it as it was before.
    private func deliver(
        _ frame: ByteBuffer,
        _ key: ChannelKey,
        _ entry: inout ChannelEntry,
        _ timers: inout StripeTimers
    ) {
        entry.version = timers.nextTicket()
        guard entry.loops != 0 else { return }
        push(Delivery(channel: key, frame: frame, version: entry.version), to: entry.loops)
    }

    /// Keeps an event for later subscribers.
    func keep(
        _ frame: ByteBuffer,
        until expiry: NIODeadline,
        key: ChannelKey,
        entry: inout ChannelEntry,
        timers: inout StripeTimers
    ) {
        if entry.cached == nil {
            timers.caches.append(key, deadline: expiry)
        }
        entry.version = timers.nextTicket()
        entry.cachedVersion = entry.version
        entry.cached = CachedEvent(frame: frame, escapedData: [], expiresAt: expiry)
    }

    // MARK: What comes from the cluster

    /// Takes a message about a channel.
    func receive(_ message: ClusterMessage, on key: ChannelKey, now: NIODeadline = .now()) {
        guard let session else { return }
        if case .event(let event) = message { return relay(event, key, session) }
        guard let app = apps.existing(number: key.app) else { return }
        change(key, now: now) { remote, entry, timers in
            switch message {
            case .memberAdded(let member, let version):
                guard remote.advance(to: version), remote.withReplica({ $0.add(member) }) else { return }
                let frame = ServerMessage.memberAdded(member, channel: key.name)
                deliver(frame, key, &entry, &timers)
            case .memberRemoved(let userID, let version):
                guard remote.advance(to: version), remote.withReplica({ $0.remove(userID) }) else { return }
                let frame = ServerMessage.memberRemoved(userID: userID, channel: key.name)
                deliver(frame, key, &entry, &timers)
            case .subscriptionCount(let count, let version):
                guard remote.advance(to: version) else { return }
                remote.withReplica { $0.setSubscriptions(count) }
                countChanged(key, app: app, policies: app.current, entry: &entry, timers: &timers, now: now)
            case .retained(let event, let version):
                if remote.advance(to: version) {
                    let expiry = now + configuration.cacheChannelTTL.timeAmount
                    keep(event.frame, until: expiry, key: key, entry: &entry, timers: &timers)
                }
                // Whoever was given the event when it joined has it.
                relay(event, key, remote, entry, version: entry.cachedVersion, session)
            case .event, .close, .appChanged:
                break
            }
        }
    }

    /// Delivers an event that is kept nowhere: nothing that anybody waits for changes by it.
    private func relay(_ event: ClusterEvent, _ key: ChannelKey, _ session: ClusterSession) {
        guard event.publisher != session.publisher else { return }
        stripe(of: key).state.withLock { state in
            guard let entry = state.entry(key), let remote = entry.remote else { return }
            relay(event, key, remote, entry, version: 0, session)
        }
    }

    /// Delivers an event of another process, unless it came before.
    private func relay(
        _ event: ClusterEvent,
        _ key: ChannelKey,
        _ remote: RemoteTopic,
        _ entry: ChannelEntry,
        version: UInt64,
        _ session: ClusterSession
    ) {
        guard event.publisher != session.publisher, remote.withReplica({ $0.isNew(event) }), entry.loops != 0 else {
            return
        }
        guard !inboxes.contains(where: \.isCongested) else {
            // Nobody here can be told to publish later, and the loop's memory has to end somewhere.
            apps.existing(number: key.app)?.metrics.clusterEventDrops.increment(by: 1)
            return
        }
        push(
            Delivery(channel: key, frame: event.frame, except: event.except, version: version),
            to: entry.loops
        )
    }

    /// The channel's messages arrive from now on.
    func open(_ key: ChannelKey) {
        change(key) { remote, _, _ in remote.open() }
    }

    /// The channel's messages are lost from now on.
    func interrupt(_ key: ChannelKey) {
        change(key) { remote, _, _ in remote.interrupt() }
    }

    /// What the directory has of some topics may be wrong.
    func disturb(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool) {
        changeAll { remote in
            // What a node has recorded lies elsewhere than its topics.
            remote.noteLostRecord()
            if isAffected(remote.topic) { remote.noteDisturbance() }
        }
    }

    /// The node goes on under a new name.
    func rename() {
        changeAll { $0.noteNewName() }
    }

    private func changeAll(_ body: @Sendable (RemoteTopic) -> Void) {
        guard let session else { return }
        for stripe in stripes {
            stripe.state.withLock { state in
                for (app, channels) in state.channels {
                    for (name, entry) in channels {
                        guard let remote = entry.remote else { continue }
                        body(remote)
                        cue(ChannelKey(app: app, name: name), remote, session)
                    }
                }
            }
        }
    }

    /// The channel is one of the cluster in which this node has a part.
    func isShared(_ key: ChannelKey) -> Bool {
        stripe(of: key).state.withLock { $0.entry(key)?.remote != nil }
    }

    /// News were told that are not known to be in their queue.
    var hasNews: Bool {
        stripes.contains { stripe in
            stripe.state.withLock { state in
                state.channels.values.contains { $0.values.contains { $0.remote?.hasNews ?? false } }
            }
        }
    }

    /// Departures wait to be told by this node.
    var isSettling: Bool {
        stripes.contains { stripe in
            stripe.state.withLock { state in
                state.channels.values.contains { $0.values.contains { $0.remote?.isSettling ?? false } }
            }
        }
    }

    /// Everything that this node had to say was heard.
    var isAsserted: Bool {
        stripes.allSatisfy { stripe in
            stripe.state.withLock { state in
                state.channels.values.allSatisfy { $0.values.allSatisfy { $0.remote?.isAsserted ?? true } }
            }
        }
    }
}
