import CoreMetrics
import NIOCore
import PusherProtocol
import ServerCore
import Synchronization

/// Channels that other nodes are in too: what this node does with its own part, under the stripe's lock.
extension ChannelDirectory {
    /// How long the cluster may wait to hear of changes that are no edges.
    private static let reportDelay = TimeAmount.milliseconds(50)

    func joinShared(
        _ join: ChannelJoin,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline,
        _ session: ClusterSession
    ) -> JoinOutcome {
        let remote = remote(of: join.key, app: join.app, entry: &entry, session)
        if entry.subscriptions == 1 {
            join.app.metrics.channels(of: join.kind)?.active.increment(by: 1)
            remote.noteChange()
        } else if countsMatter(join.policies, join.kind) {
            noteCount(join.key, remote, timers: &timers, now: now)
        }
        if let member = join.member {
            let known = entry.roster.member(member.userID)
            let isFirst = entry.roster.join(member, stay: timers.nextTicket())
            if isFirst || known?.userInfo != member.userInfo { remote.noteMember(member.userID) }
        }
        let isMissing = join.kind.isCache && !(entry.cached.map { $0.expiresAt > now } ?? false)
        if isMissing { remote.noteQuestion() }
        cue(join.key, remote, session)
        if remote.isSettled { return outcome(remote, entry, now: now) }
        guard let waiter = join.waiter else { return JoinOutcome(version: 0, isWaiting: true) }
        remote.wait(
            RemoteTopic.WaitingJoin(
                loop: join.loop,
                socketID: waiter.socketID,
                ticket: waiter.ticket,
                userID: join.member?.userID,
                changes: 0
            )
        )
        return JoinOutcome(version: 0, isWaiting: true)
    }

    func leaveShared(
        _ leave: ChannelLeave,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline,
        _ session: ClusterSession
    ) {
        let remote = remote(of: leave.key, app: leave.app, entry: &entry, session)
        if let waiter = leave.waiter {
            remote.stopWaiting(waiter)
        }
        if let userID = leave.userID {
            let lingers = leave.isBroken && configuration.ungracefulPresenceGrace > .zero
            let ticket = timers.nextTicket()
            if entry.roster.leave(userID, lingers: lingers, stay: ticket) {
                if lingers {
                    timers.linger.append(
                        ChannelTimer(channel: leave.key, ticket: ticket, kind: .lingerEnds(userID: userID)),
                        deadline: now + configuration.ungracefulPresenceGrace.timeAmount
                    )
                } else {
                    remote.noteMember(userID, isBroken: leave.isBroken)
                }
            }
        }
        if entry.subscriptions == 0 {
            leave.app.metrics.channels(of: leave.kind)?.active.decrement(by: 1)
            remote.noteVacancy(isBroken: leave.isBroken)
        } else if countsMatter(leave.policies, leave.kind) {
            noteCount(leave.key, remote, timers: &timers, now: now)
        }
        cue(leave.key, remote, session)
    }

    /// A member who lingered is given up.
    func expireShared(_ userID: String, _ key: ChannelKey, entry: inout ChannelEntry, _ session: ClusterSession) {
        guard let remote = entry.remote else { return }
        remote.noteMember(userID)
        cue(key, remote, session)
    }

    /// Sends an event to this node's subscribers at once, and to the other nodes.
    func publishShared(
        _ publication: ChannelPublication,
        key: ChannelKey,
        keeps: Bool,
        state: inout DirectoryStripe.State,
        now: NIODeadline,
        _ session: ClusterSession
    ) -> ChannelCounts {
        guard let app = apps.existing(number: key.app) else { return ChannelCounts() }
        var retention: ClusterPublication.Retention?
        if keeps, let data = publication.cacheable {
            let value = RetainedEvent(escapedData: data, frame: publication.frame)
            retention = .init(value: value.encoded, ttl: configuration.cacheChannelTTL)
        }
        // While the stripe is locked: the order of a node's events on a channel is the same everywhere.
        session.publish(
            publication.frame,
            topic: ClusterTopic(.channel, appID: app.id, name: key.name),
            except: publication.except,
            retention: retention
        )
        guard state.contains(key) else { return ChannelCounts() }
        return state.withEntry(key, kind: publication.kind) { entry, timers in
            if keeps {
                let expiry = now + configuration.cacheChannelTTL.timeAmount
                keep(publication.frame, until: expiry, key: key, entry: &entry, timers: &timers)
            }
            push(Delivery(channel: key, frame: publication.frame, except: publication.except), to: entry.loops)
            return ChannelCounts(entry)
        }
    }

    // MARK: The node's part

    /// The channel in the cluster; asks for its messages where that is new.
    private func remote(
        of key: ChannelKey,
        app: ActiveApp,
        entry: inout ChannelEntry,
        _ session: ClusterSession
    ) -> RemoteTopic {
        let remote = makeRemote(key, app: app, entry: &entry)
        if !remote.isSubscribed {
            remote.isSubscribed = true
            session.link.transport.subscribe(remote.topic)
        }
        return remote
    }

    private func makeRemote(_ key: ChannelKey, app: ActiveApp, entry: inout ChannelEntry) -> RemoteTopic {
        if let remote = entry.remote { return remote }
        let remote = RemoteTopic(
            ClusterTopic(.channel, appID: app.id, name: key.name),
            kind: entry.kind,
            followsCounts: countsMatter(app.current, entry.kind)
        )
        entry.remote = remote
        return remote
    }

    /// Has the cluster hear of the channel, if there is something to hear.
    func cue(_ key: ChannelKey, _ remote: RemoteTopic, _ session: ClusterSession) {
        if remote.isDue { session.markDirty(.channel(key)) }
    }

    /// Small channels tell every change at once, as they do to their subscribers; in large ones, changes are gathered.
    private func noteCount(
        _ key: ChannelKey,
        _ remote: RemoteTopic,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        if remote.replica.counts.subscriptions <= configuration.subscriptionCountThreshold {
            remote.noteChange()
        } else {
            report(key, remote, timers: &timers, now: now)
        }
    }

    private func report(
        _ key: ChannelKey,
        _ remote: RemoteTopic,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard !remote.isReporting else { return }
        remote.isReporting = true
        timers.reports.append(key, deadline: now + Self.reportDelay)
    }

    private func countsMatter(_ policies: AppSnapshot, _ kind: ChannelKind) -> Bool {
        policies.app.features.sendsSubscriptionCount && kind.sendsSubscriptionCount
    }

    /// The next thing that the cluster has to be told of a channel.
    func nextStep(_ key: ChannelKey, node: ClusterNode) -> RemoteStep {
        stripe(of: key).state.withLock { state in
            guard let entry = state.entry(key), let remote = entry.remote, let app = apps.existing(number: key.app)
            else {
                return .nothing
            }
            return remote.nextStep(part(entry, app.current), node: node)
        }
    }

    private func part(_ entry: ChannelEntry, _ policies: AppSnapshot) -> LocalPart {
        let roster = entry.roster
        return LocalPart(
            subscriptions: entry.subscriptions,
            telling: telling(policies, entry.kind),
            gracePeriod: configuration.webhookGracePeriod,
            memberLimit: policies.app.limits.maxPresenceMembersPerChannel,
            member: { roster.member($0) },
            members: { roster.members }
        )
    }

    /// What an app wants to hear of a channel.
    func telling(_ policies: AppSnapshot, _ kind: ChannelKind) -> ClusterUpdate.Telling {
        var telling: ClusterUpdate.Telling = []
        let types = policies.webhookTypes
        if kind.isListed, !types.isDisjoint(with: [.channelOccupied, .channelVacated]) {
            telling.insert(.occupancyNews)
        }
        if kind.isPresence, !types.isDisjoint(with: [.memberAdded, .memberRemoved]) {
            telling.insert(.memberNews)
        }
        if kind.isCache, types.contains(.cacheMiss) {
            telling.insert(.missNews)
        }
        if countsMatter(policies, kind) {
            telling.insert(.counts)
        }
        return telling
    }

    /// The topic can be found by whoever buries this node.
    func recorded(_ key: ChannelKey) {
        change(key) { remote, _, _ in remote.endRecording() }
    }

    /// Recording or erasing the topic did not work.
    func stepFailed(_ key: ChannelKey) {
        change(key) { remote, _, _ in remote.fail() }
    }

    /// Nothing of this node is noted any more; the channel is let go unless somebody has come meanwhile.
    func erased(_ key: ChannelKey) {
        guard let session else { return }
        change(key) { remote, entry, _ in
            remote.endErasing()
            guard entry.subscriptions == 0, entry.roster.isEmpty, remote.isQuiet else { return }
            if remote.isSubscribed { session.link.transport.unsubscribe(remote.topic) }
            session.noteRelease(of: remote.topic)
            entry.remote = nil
            entry.cached = nil
        }
    }

    /// Takes the answer to an update.
    func finish(_ key: ChannelKey, _ outcome: ClusterOutcome, now: NIODeadline = .now()) {
        change(key) { remote, entry, timers in
            let effects = remote.finish(outcome, now: now)
            perform(effects, key: key, remote: remote, entry: &entry, timers: &timers, now: now)
        }
    }

    /// Takes over what is left to tell of a dead node's part.
    func adopt(_ key: ChannelKey, app: ActiveApp, _ outcome: ClusterOutcome, now: NIODeadline = .now()) {
        guard let session else { return }
        stripe(of: key).state.withLock { state in
            state.withEntry(key, kind: ChannelKind(name: key.name)) { entry, timers in
                let remote = makeRemote(key, app: app, entry: &entry)
                let effects = remote.adopt(outcome, now: now)
                perform(effects, key: key, remote: remote, entry: &entry, timers: &timers, now: now)
                cue(key, remote, session)
                restIfIdle(key, remote, entry, timers: &timers, now: now)
            }
        }
    }

    /// Changes a channel that is in the cluster, tells who can be told, and sees what is to be said next.
    private func change(
        _ key: ChannelKey,
        now: NIODeadline = .now(),
        _ body: @Sendable (RemoteTopic, inout ChannelEntry, inout StripeTimers) -> Void
    ) {
        guard let session else { return }
        stripe(of: key).state.withLock { state in
            guard let entry = state.entry(key), let remote = entry.remote else { return }
            state.withEntry(key, kind: entry.kind) { entry, timers in
                body(remote, &entry, &timers)
                guard entry.remote != nil else { return }
                greetReady(key, remote, entry, now: now)
                cue(key, remote, session)
                restIfIdle(key, remote, entry, timers: &timers, now: now)
            }
        }
    }

    private func restIfIdle(
        _ key: ChannelKey,
        _ remote: RemoteTopic,
        _ entry: ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard let session, remote.idleSince == nil, entry.subscriptions == 0, entry.roster.isEmpty, remote.isQuiet
        else {
            return
        }
        remote.idleSince = now
        timers.releases.append(key, deadline: now + session.link.configuration.lingerInterval.timeAmount)
    }

    private func perform(
        _ effects: RemoteTopic.Effects,
        key: ChannelKey,
        remote: RemoteTopic,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard let app = apps.existing(number: key.app) else { return }
        for userID in effects.difference.removed {
            deliver(
                ServerMessage.memberRemoved(userID: userID, channel: key.name),
                key,
                entry,
                version: remote.replica.version
            )
        }
        for member in effects.difference.added {
            deliver(ServerMessage.memberAdded(member, channel: key.name), key, entry, version: remote.replica.version)
        }
        if let retained = effects.retained {
            entry.cached = nil
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
        stripe(of: key).state.withLock { state in
            guard let entry = state.entry(key), let remote = entry.remote else { return }
            remote.noteQueued(news: number)
            report(key, remote, timers: &state.timers, now: .now())
        }
    }

    // MARK: Subscribers

    private func outcome(_ remote: RemoteTopic, _ entry: ChannelEntry, now: NIODeadline) -> JoinOutcome {
        var outcome = JoinOutcome(version: remote.replica.version)
        if remote.kind.isPresence {
            outcome.members = (remote.replica.members ?? [:]).map { PresenceMember(userID: $0.key, userInfo: $0.value) }
        }
        if let cached = entry.cached, cached.expiresAt > now {
            outcome.cached = cached.frame
        }
        return outcome
    }

    private func greetReady(_ key: ChannelKey, _ remote: RemoteTopic, _ entry: ChannelEntry, now: NIODeadline) {
        for join in remote.takeReady() {
            let outcome = outcome(remote, entry, now: now)
            inboxes[join.loop].push(.greet(join.socketID, channel: key, ticket: join.ticket, outcome))
        }
    }

    private func deliver(_ frame: ByteBuffer, _ key: ChannelKey, _ entry: ChannelEntry, version: UInt64) {
        guard entry.loops != 0 else { return }
        push(Delivery(channel: key, frame: frame, version: version), to: entry.loops)
    }

    private func keep(
        _ frame: ByteBuffer,
        until expiry: NIODeadline,
        key: ChannelKey,
        entry: inout ChannelEntry,
        timers: inout StripeTimers
    ) {
        if entry.cached == nil {
            timers.caches.append(key, deadline: expiry)
        }
        entry.cached = CachedEvent(frame: frame, escapedData: [], expiresAt: expiry)
    }

    // MARK: What comes from the cluster

    /// Takes a message about a channel.
    func receive(_ message: ClusterMessage, on key: ChannelKey, now: NIODeadline = .now()) {
        guard let session, let app = apps.existing(number: key.app) else { return }
        change(key, now: now) { remote, entry, timers in
            switch message {
            case .memberAdded(let member, let version):
                guard remote.advance(to: version), remote.withReplica({ $0.add(member) }) else { return }
                let frame = ServerMessage.memberAdded(member, channel: key.name)
                deliver(frame, key, entry, version: version.current)
            case .memberRemoved(let userID, let version):
                guard remote.advance(to: version), remote.withReplica({ $0.remove(userID) }) else { return }
                let frame = ServerMessage.memberRemoved(userID: userID, channel: key.name)
                deliver(frame, key, entry, version: version.current)
            case .subscriptionCount(let count, let version):
                guard remote.advance(to: version) else { return }
                remote.withReplica { $0.setSubscriptions(count) }
                countChanged(key, app: app, policies: app.current, entry: &entry, timers: &timers, now: now)
            case .retained(let event, let version):
                if remote.advance(to: version) {
                    let expiry = now + configuration.cacheChannelTTL.timeAmount
                    keep(event.frame, until: expiry, key: key, entry: &entry, timers: &timers)
                }
                relay(event, key, remote, entry, version: version.current, session)
            case .event(let event):
                relay(event, key, remote, entry, version: 0, session)
            case .close, .appChanged:
                break
            }
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
        changeAll { if isAffected($0.topic) { $0.noteDisturbance() } }
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

    // MARK: Time

    func sweepShared(_ state: inout DirectoryStripe.State, now: NIODeadline, _ session: ClusterSession) {
        while let key = state.timers.reports.popFirst(dueAt: now) {
            guard let remote = state.entry(key)?.remote else { continue }
            remote.isReporting = false
            remote.noteCount()
            cue(key, remote, session)
        }
        while let key = state.timers.settlings.popFirst(dueAt: now) {
            guard let remote = state.entry(key)?.remote else { continue }
            remote.noteTime(now)
            cue(key, remote, session)
        }
        while let key = state.timers.releases.popFirst(dueAt: now) {
            guard let entry = state.entry(key), let remote = entry.remote, let idleSince = remote.idleSince else {
                continue
            }
            guard entry.subscriptions == 0, entry.roster.isEmpty, remote.isQuiet,
                idleSince + session.link.configuration.lingerInterval.timeAmount <= now
            else {
                remote.idleSince = nil
                continue
            }
            remote.startErasing()
            session.markDirty(.channel(key))
        }
    }
}
