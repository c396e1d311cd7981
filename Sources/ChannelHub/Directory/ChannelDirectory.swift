import CoreMetrics
import NIOCore
import PusherProtocol
import ServerCore
import Synchronization

/// Who is in which channel, over all event loops of this node: the one place that decides what is first and last.
///
/// Threading: safe from any thread. One of 64 mutexes is held on join, on leave and once per publish, never per
/// delivery. What follows from a change is handed to the loops and to the webhook sink while the mutex is held
/// (LockOrder.md), so that all of them see the changes of a channel in one order.
final class ChannelDirectory: Sendable {
    let stripes: [DirectoryStripe]
    let inboxes: [LoopInbox]
    let apps: ActiveApps
    let configuration: HubConfiguration
    let sink: any WebhookSink
    /// The node's part in its cluster; `nil` where it is alone.
    let session: ClusterSession?

    init(
        inboxes: [LoopInbox],
        apps: ActiveApps,
        configuration: HubConfiguration,
        sink: any WebhookSink,
        session: ClusterSession? = nil
    ) {
        precondition(inboxes.count <= UInt64.bitWidth, "loops are named by the bits of one word")
        self.session = session
        self.inboxes = inboxes
        self.apps = apps
        self.configuration = configuration
        self.sink = sink
        stripes = (0..<Self.stripeCount).map { _ in DirectoryStripe() }
    }

    private static let stripeCount = 64

    func stripe(of key: ChannelKey) -> DirectoryStripe {
        stripes[Int(truncatingIfNeeded: UInt(bitPattern: key.name.hashValue)) & (Self.stripeCount - 1)]
    }

    // MARK: Joining and leaving

    /// Adds a subscription and tells what the subscriber is to be sent; throws when the channel is full.
    func join(_ join: ChannelJoin, now: NIODeadline) throws(PusherError) -> JoinOutcome {
        let outcome = stripe(of: join.key).state.withLock { state in
            Result { () throws(PusherError) in
                try state.withEntry(join.key, kind: join.kind) { entry, timers throws(PusherError) in
                    try self.join(join, entry: &entry, timers: &timers, now: now)
                }
            }
        }
        let joined = try outcome.get()
        join.app.metrics.channels(of: join.kind)?.subscriptions.increment(by: 1)
        return joined
    }

    private func join(
        _ join: ChannelJoin,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) throws(PusherError) -> JoinOutcome {
        if let member = join.member, !entry.roster.contains(member.userID) {
            let limit = join.policies.app.limits.maxPresenceMembersPerChannel
            guard entry.roster.count < limit else {
                throw PusherError("The presence channel \(join.key.name) is full: it takes \(limit) members")
            }
        }
        let others = entry.loops
        entry.subscriptions += 1
        entry.loops |= 1 << UInt64(join.loop)
        if let session { return joinShared(join, entry: &entry, timers: &timers, now: now, session) }
        if entry.subscriptions == 1 {
            occupied(join.key, kind: join.kind, app: join.app, types: join.policies.webhookTypes, entry: &entry)
        }
        if let member = join.member {
            let ticket = timers.nextTicket()
            if entry.roster.join(member, stay: ticket) {
                entry.version = ticket
                memberAdded(member, key: join.key, loops: others, version: entry.version)
            }
            tellMemberAdded(member.userID, join: join, entry: &entry)
        }
        countChanged(join.key, app: join.app, policies: join.policies, entry: &entry, timers: &timers, now: now)
        var outcome = JoinOutcome(version: entry.version, members: join.member == nil ? nil : entry.roster.members)
        if join.kind.isCache {
            outcome.cached = cachedFrame(of: join, entry: &entry, now: now)
        }
        return outcome
    }

    /// Takes a subscription away.
    func leave(_ leave: ChannelLeave, now: NIODeadline) {
        stripe(of: leave.key).state.withLock { state in
            state.withEntry(leave.key, kind: leave.kind) { entry, timers in
                self.leave(leave, entry: &entry, timers: &timers, now: now)
            }
        }
        leave.app.metrics.channels(of: leave.kind)?.unsubscriptions.increment(by: 1)
    }

    private func leave(
        _ leave: ChannelLeave,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        entry.subscriptions -= 1
        if leave.isLastOnLoop {
            entry.loops &= ~(1 << UInt64(leave.loop))
        }
        if let session { return leaveShared(leave, entry: &entry, timers: &timers, now: now, session) }
        if let userID = leave.userID {
            memberLeft(userID, leave: leave, entry: &entry, timers: &timers, now: now)
        }
        if entry.subscriptions == 0 {
            vacated(leave, entry: &entry, timers: &timers, now: now)
        }
        countChanged(leave.key, app: leave.app, policies: leave.policies, entry: &entry, timers: &timers, now: now)
    }

    // MARK: Edges

    private func occupied(
        _ key: ChannelKey,
        kind: ChannelKind,
        app: ActiveApp,
        types: WebhookEventTypes,
        entry: inout ChannelEntry
    ) {
        app.metrics.channels(of: kind)?.active.increment(by: 1)
        guard kind.isListed, !types.isDisjoint(with: [.channelOccupied, .channelVacated]) else { return }
        if entry.edges.occupy() {
            sink.emit(WebhookEvent(appID: app.id, channel: key.name, content: .channelOccupied))
        }
    }

    private func vacated(
        _ leave: ChannelLeave,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        leave.app.metrics.channels(of: leave.kind)?.active.decrement(by: 1)
        entry.hasToldCacheMiss = false
        let ticket = leave.isBroken ? timers.nextTicket() : nil
        if entry.edges.vacate(waiting: ticket) {
            sink.emit(WebhookEvent(appID: leave.app.id, channel: leave.key.name, content: .channelVacated))
        } else if let ticket, !entry.edges.isQuiet {
            timers.grace.append(
                ChannelTimer(channel: leave.key, ticket: ticket, kind: .vacated),
                deadline: now + configuration.webhookGracePeriod.timeAmount
            )
        }
    }

    private func memberAdded(_ member: PresenceMember, key: ChannelKey, loops: UInt64, version: UInt64) {
        guard loops != 0 else { return }
        let frame = ServerMessage.memberAdded(member, channel: key.name)
        push(Delivery(channel: key, frame: frame, version: version), to: loops)
    }

    private func tellMemberAdded(_ userID: String, join: ChannelJoin, entry: inout ChannelEntry) {
        guard !join.policies.webhookTypes.isDisjoint(with: [.memberAdded, .memberRemoved]) else { return }
        if entry.edges.add(userID) {
            let content = WebhookEvent.Content.memberAdded(userID: userID)
            sink.emit(WebhookEvent(appID: join.app.id, channel: join.key.name, content: content))
        }
    }

    private func memberLeft(
        _ userID: String,
        leave: ChannelLeave,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        let lingers = leave.isBroken && configuration.ungracefulPresenceGrace > .zero
        let ticket = timers.nextTicket()
        guard entry.roster.leave(userID, lingers: lingers, stay: ticket) else { return }
        if lingers {
            timers.linger.append(
                ChannelTimer(channel: leave.key, ticket: ticket, kind: .lingerEnds(userID: userID)),
                deadline: now + configuration.ungracefulPresenceGrace.timeAmount
            )
            return
        }
        memberGone(userID, key: leave.key, entry: &entry, version: ticket)
        if entry.edges.remove(userID, waiting: leave.isBroken ? ticket : nil) {
            emitRemoved(userID, key: leave.key, appID: leave.app.id)
        } else if leave.isBroken, !entry.edges.isQuiet {
            timers.grace.append(
                ChannelTimer(channel: leave.key, ticket: ticket, kind: .memberRemoved(userID: userID)),
                deadline: now + configuration.webhookGracePeriod.timeAmount
            )
        }
    }

    private func memberGone(_ userID: String, key: ChannelKey, entry: inout ChannelEntry, version: UInt64) {
        entry.version = version
        guard entry.loops != 0 else { return }
        let frame = ServerMessage.memberRemoved(userID: userID, channel: key.name)
        push(Delivery(channel: key, frame: frame, version: entry.version), to: entry.loops)
    }

    private func emitRemoved(_ userID: String, key: ChannelKey, appID: String) {
        sink.emit(WebhookEvent(appID: appID, channel: key.name, content: .memberRemoved(userID: userID)))
    }

    // MARK: Subscription counts

    /// Tells subscribers and webhooks how many they are, at once or, in large channels, when the interval has passed.
    func countChanged(
        _ key: ChannelKey,
        app: ActiveApp,
        policies: AppSnapshot,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        guard policies.app.features.sendsSubscriptionCount, entry.kind.sendsSubscriptionCount else { return }
        guard !entry.countCadence.isWaiting else { return }
        if entry.allSubscriptions > configuration.subscriptionCountThreshold, let last = entry.countCadence.lastTold,
            now < last + configuration.subscriptionCountInterval.timeAmount
        {
            entry.countCadence.isWaiting = true
            timers.counts.append(key, deadline: last + configuration.subscriptionCountInterval.timeAmount)
            return
        }
        tellCount(key, app: app, types: policies.webhookTypes, entry: &entry, now: now)
    }

    private func tellCount(
        _ key: ChannelKey,
        app: ActiveApp,
        types: WebhookEventTypes,
        entry: inout ChannelEntry,
        now: NIODeadline
    ) {
        let count = entry.allSubscriptions
        entry.countCadence = CountCadence(lastTold: now, lastCount: count)
        if entry.loops != 0 {
            let frame = ServerMessage.subscriptionCount(count, channel: key.name)
            push(Delivery(channel: key, frame: frame), to: entry.loops)
        }
        // In a cluster the node whose part changed tells it.
        if types.contains(.subscriptionCount), session == nil {
            let content = WebhookEvent.Content.subscriptionCount(count)
            sink.emit(WebhookEvent(appID: app.id, channel: key.name, content: content))
        }
    }

    // MARK: Publishing

    /// Something is remembered of a channel, such as its subscribers.
    func isKnown(_ key: ChannelKey) -> Bool {
        stripe(of: key).state.withLock { $0.contains(key) }
    }

    /// Sends a frame to all subscribers of a channel and keeps it, where the channel is a cache; returns the counts.
    func publish(_ publication: ChannelPublication, key: ChannelKey, now: NIODeadline) -> ChannelCounts {
        stripe(of: key).state.withLock { state in
            let keeps = publication.cacheable != nil && publication.kind.isCache
            if let session {
                return self.publishShared(publication, key: key, keeps: keeps, state: &state, now: now, session)
            }
            guard keeps || state.contains(key) else { return ChannelCounts() }
            return state.withEntry(key, kind: publication.kind) { entry, timers in
                if keeps {
                    self.keep(publication, key: key, entry: &entry, timers: &timers, now: now)
                }
                if entry.loops != 0 {
                    let delivery = Delivery(
                        channel: key,
                        frame: publication.frame,
                        except: publication.except,
                        version: keeps ? entry.version : 0
                    )
                    self.push(delivery, to: entry.loops)
                }
                return ChannelCounts(entry)
            }
        }
    }

    private func keep(
        _ publication: ChannelPublication,
        key: ChannelKey,
        entry: inout ChannelEntry,
        timers: inout StripeTimers,
        now: NIODeadline
    ) {
        let expiry = now + configuration.cacheChannelTTL.timeAmount
        if entry.cached == nil {
            // One timer a channel: when it rings, a newer value only has it set again.
            timers.caches.append(key, deadline: expiry)
        }
        entry.version = timers.nextTicket()
        entry.hasToldCacheMiss = false
        entry.cached = CachedEvent(
            frame: publication.frame,
            escapedData: publication.cacheable ?? [],
            expiresAt: expiry
        )
    }

    private func cachedFrame(of join: ChannelJoin, entry: inout ChannelEntry, now: NIODeadline) -> ByteBuffer? {
        if let cached = entry.cached, cached.expiresAt > now { return cached.frame }
        if !entry.hasToldCacheMiss, join.policies.webhookTypes.contains(.cacheMiss) {
            sink.emit(WebhookEvent(appID: join.app.id, channel: join.key.name, content: .cacheMiss))
        }
        entry.hasToldCacheMiss = true
        return nil
    }

    func push(_ delivery: Delivery, to loops: UInt64) {
        var rest = loops
        while rest != 0 {
            inboxes[rest.trailingZeroBitCount].push(.deliver(delivery))
            rest &= rest - 1
        }
    }

    // MARK: Questions

    /// Counts one channel.
    func counts(of key: ChannelKey) -> ChannelCounts {
        stripe(of: key).state.withLock { state in state.entry(key).map(ChannelCounts.init) ?? ChannelCounts() }
    }

    /// The value of a cache channel and the time it still has.
    func cachedEvent(of key: ChannelKey, now: NIODeadline) -> (escapedData: [UInt8], remaining: TimeAmount)? {
        stripe(of: key).state.withLock { state in
            guard let cached = state.entry(key)?.cached, cached.expiresAt > now else { return nil }
            return (cached.escapedData, cached.expiresAt - now)
        }
    }

    /// The users of a presence channel.
    func userIDs(of key: ChannelKey) -> [String] {
        stripe(of: key).state.withLock { state in state.entry(key)?.roster.userIDs ?? [] }
    }

    /// The occupied channels of an app whose names start with a prefix, in no particular order.
    func occupiedChannels(app: UInt32, prefix: String) -> [(name: String, counts: ChannelCounts)] {
        stripes.flatMap { stripe in
            stripe.state.withLock { state in
                (state.channels[app] ?? [:]).compactMap { name, entry in
                    guard entry.subscriptions > 0, entry.kind.isListed, name.hasPrefix(prefix) else { return nil }
                    return (name, ChannelCounts(entry))
                }
            }
        }
    }

    /// Sums up an app's channels for the statistics page.
    func occupancy(app: UInt32) -> AppOccupancy {
        stripes.reduce(into: AppOccupancy()) { total, stripe in
            stripe.state.withLock { state in
                for entry in (state.channels[app] ?? [:]).values where entry.subscriptions > 0 {
                    total.add(entry)
                }
            }
        }
    }

    /// Nothing is remembered of any channel.
    var isEmpty: Bool {
        stripes.allSatisfy { stripe in stripe.state.withLock { $0.channels.isEmpty } }
    }

    /// The users that are remembered for one reason or another; none but those present, once the grace is over.
    func rememberedUsers(of key: ChannelKey) -> Int {
        stripe(of: key).state.withLock { state in
            state.entry(key).map { max($0.roster.count, $0.edges.rememberedUsers) } ?? 0
        }
    }

    // MARK: Time

    /// Does what is due: late webhook news, members given up, counts held back, and caches at their end.
    func sweep(now: NIODeadline) {
        for stripe in stripes {
            stripe.state.withLock { state in self.sweep(&state, now: now) }
        }
    }

    private func sweep(_ state: inout DirectoryStripe.State, now: NIODeadline) {
        // Members before channels: the last member leaves a channel before it is vacated.
        while let timer = state.timers.linger.popFirst(dueAt: now) { ring(timer, &state) }
        while let timer = state.timers.grace.popFirst(dueAt: now) { ring(timer, &state) }
        while let key = state.timers.counts.popFirst(dueAt: now) { tellLateCount(key, &state, now: now) }
        while let key = state.timers.caches.popFirst(dueAt: now) { state.endCache(of: key, now: now) }
        if let session { sweepShared(&state, now: now, session) }
        state.limitCaches(to: max(1, configuration.cacheChannelMaxEntries / Self.stripeCount))
    }

    private func ring(_ timer: ChannelTimer, _ state: inout DirectoryStripe.State) {
        guard let kind = state.entry(timer.channel)?.kind, let app = apps.existing(number: timer.channel.app) else {
            return
        }
        state.withEntry(timer.channel, kind: kind) { entry, timers in
            switch timer.kind {
            case .vacated:
                guard entry.edges.vacateIfStillWaiting(timer.ticket) else { return }
                sink.emit(WebhookEvent(appID: app.id, channel: timer.channel.name, content: .channelVacated))
            case .memberRemoved(let userID):
                guard entry.edges.removeIfStillWaiting(userID, timer.ticket) else { return }
                emitRemoved(userID, key: timer.channel, appID: app.id)
            case .lingerEnds(let userID):
                guard entry.roster.expire(userID, stay: timer.ticket) else { return }
                if let session { return expireShared(userID, timer.channel, entry: &entry, session) }
                memberGone(userID, key: timer.channel, entry: &entry, version: timers.nextTicket())
                if entry.edges.remove(userID, waiting: nil) {
                    emitRemoved(userID, key: timer.channel, appID: app.id)
                }
            }
        }
    }

    private func tellLateCount(_ key: ChannelKey, _ state: inout DirectoryStripe.State, now: NIODeadline) {
        guard let kind = state.entry(key)?.kind, let app = apps.existing(number: key.app) else { return }
        state.withEntry(key, kind: kind) { entry, _ in
            entry.countCadence.isWaiting = false
            guard entry.countCadence.lastCount != entry.allSubscriptions else { return }
            tellCount(key, app: app, types: app.current.webhookTypes, entry: &entry, now: now)
        }
    }
}
