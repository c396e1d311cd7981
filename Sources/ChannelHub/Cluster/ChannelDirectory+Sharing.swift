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
            var delivery = Delivery(channel: key, frame: publication.frame, except: publication.except)
            if keeps {
                let expiry = now + configuration.cacheChannelTTL.timeAmount
                keep(publication.frame, until: expiry, key: key, entry: &entry, timers: &timers)
                delivery.version = entry.version
            }
            push(delivery, to: entry.loops)
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

    func report(
        _ key: ChannelKey,
        _ remote: RemoteTopic,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard !remote.isReporting else { return }
        remote.isReporting = true
        timers.reports.append(key, deadline: now + Self.reportDelay)
    }

    func countsMatter(_ policies: AppSnapshot, _ kind: ChannelKind) -> Bool {
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
    func change(
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

    func restIfIdle(
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
