import NIOCore
import PusherProtocol
import ServerCore

/// One topic in which this node has a part: what the directory knows of the part, and what the node knows of the rest.
///
/// A pure state machine. It makes the updates that assert the node's part, one at a time, so that however much happens
/// meanwhile goes into the next; takes their outcomes and the stream of messages in any interleaving; and says which
/// subscribers can be told that they are subscribed.
///
/// Threading: under the lock of the table that it is in.
final class RemoteTopic {
    let topic: ClusterTopic
    /// The channel's kind; plain for users.
    let kind: ChannelKind
    private(set) var replica = TopicReplica()
    /// The transport was asked for the topic's messages.
    var isSubscribed = false
    /// A report of the subscriptions is due at its time.
    var isReporting = false
    /// When nothing holds the topic any more, the time at which it is let go.
    var idleSince: NIODeadline?

    /// The stream changes what subscribers are given or told.
    private let tracksStream: Bool
    /// The topic's messages arrive.
    private var isInForce = false
    private var record = Record.none
    /// The record that is under way may be forgotten once it is made.
    private var isRecordDoubtful = false
    private var news = NewsLedger()
    private var waiting: [WaitingJoin] = []
    /// Somebody else's part was taken over, so that its late news are this node's.
    private var isAdopted = false
    // What the next update has to say.
    private var changes: UInt64 = 0
    private var changedMembers: [String: Bool] = [:]
    private var isVacatedBroken = false
    private var needs: Needs = []
    private var flight: Flight?
    // What the directory has of this node.
    private var acknowledgedChanges: UInt64 = 0
    private var notedSubscriptions = 0
    private var notedMembers: Set<String> = []
    /// The greatest version that an outcome had.
    private var seenVersion: UInt64 = 0
    // What was noted with a broken connection and may still wait to be told.
    private var isLeft = false
    private var departed: Set<String> = []

    /// Whether whoever buries this node finds the topic.
    private enum Record {
        case none
        case recording
        case recorded
        /// The record may have been forgotten.
        case lost
        /// The node is idle and the record is to go.
        case leaving
        case erasing
    }

    /// Why an update is due.
    private struct Needs: OptionSet {
        let rawValue: UInt8
        /// The node's part has changed.
        static let assertion = Needs(rawValue: 1 << 0)
        /// What the directory has of the node is not known any more.
        static let whole = Needs(rawValue: 1 << 1)
        /// What the node has of the rest is not known any more.
        static let snapshot = Needs(rawValue: 1 << 2)
        /// Departures have waited long enough.
        static let settling = Needs(rawValue: 1 << 3)
        /// News have reached their queue.
        static let acknowledgement = Needs(rawValue: 1 << 4)
        /// A subscriber waits for what the topic keeps.
        static let retained = Needs(rawValue: 1 << 5)
    }

    /// An update that is under way.
    private struct Flight {
        var changes: UInt64
        var needs: Needs
        var changedMembers: [String: Bool]
        var isVacatedBroken: Bool
        var acknowledged: UInt64
        var isSnapshot: Bool
        var position: TopicReplica.Position
        var joined: [String]
        var left: [String]
        /// It is under a name that was given up since.
        var isStale = false

        /// Departures may wait to be told.
        var hasBroken: Bool {
            isVacatedBroken || changedMembers.values.contains(true)
                || !needs.isDisjoint(with: [.whole, .settling])
        }
    }

    init(_ topic: ClusterTopic, kind: ChannelKind, followsCounts: Bool) {
        self.topic = topic
        self.kind = kind
        tracksStream = kind.isPresence || kind.isCache || followsCounts
    }

    // MARK: Changes of the node's own part

    /// The node's first subscription came, its last went, or something else that the cluster must know at once.
    func noteChange() {
        changes += 1
        needs.insert(.assertion)
        idleSince = nil
    }

    /// The last subscription ended.
    func noteVacancy(isBroken: Bool) {
        isVacatedBroken = isBroken
        noteChange()
    }

    /// A user came to the node or left it.
    func noteMember(_ userID: String, isBroken: Bool = false) {
        changedMembers[userID] = isBroken
        noteChange()
    }

    /// A number changed that the cluster may learn a little later.
    func noteCount() {
        needs.insert(.assertion)
        idleSince = nil
    }

    /// A subscriber has to be told what the topic keeps.
    func noteQuestion() {
        changes += 1
        needs.insert(.retained)
    }

    /// News up to a number have reached their queue.
    func noteQueued(news number: UInt64) {
        news.noteQueued(number)
        if news.isAcknowledgementDue { needs.insert(.acknowledgement) }
    }

    /// It is time to tell what waited, or to look again who is there.
    func noteTime(_ now: NIODeadline) {
        if news.noteTime(now) { needs.insert(.settling) }
        if replica.noteTime(now) { needs.formUnion([.snapshot, .assertion]) }
    }

    /// The directory was replaced, and may have forgotten what this node and others have told it.
    func noteDisturbance(now: NIODeadline = .now()) {
        replica.showMercy(now: now)
        assertWhole()
    }

    /// The directory may have forgotten that this node has a part in the topic.
    func noteLostRecord() {
        switch record {
        case .recorded: record = .lost
        case .recording: isRecordDoubtful = true
        case .none, .lost, .leaving, .erasing: break
        }
    }

    /// Other nodes have given this one up, and it goes on under a new name.
    func noteNewName() {
        record = .none
        // What was noted is gone, and has been told to be.
        notedSubscriptions = 0
        notedMembers = []
        isLeft = false
        departed = []
        flight?.isStale = true
        assertWhole()
    }

    private func assertWhole() {
        needs.formUnion([.assertion, .whole])
        if tracksStream { needs.insert(.snapshot) }
    }

    // MARK: The stream

    /// Messages of the topic arrive from now on.
    func open() {
        isInForce = true
        if tracksStream { needs.formUnion([.snapshot, .assertion]) }
    }

    /// Messages of the topic are lost from now on.
    func interrupt() {
        isInForce = false
        needs.formUnion([.snapshot, .whole, .assertion])
    }

    /// Takes a message's version; false when there is nothing to do for it.
    func advance(to version: ClusterVersion) -> Bool {
        switch replica.advance(to: version) {
        case .applied: return true
        case .ignored: return false
        case .gap:
            needs.formUnion([.snapshot, .assertion])
            return false
        }
    }

    /// Changes the replica by a message whose version was taken.
    func withReplica<Result>(_ change: (inout TopicReplica) -> Result) -> Result {
        change(&replica)
    }

    // MARK: Steps

    /// There is something to say, and nobody is saying it.
    var isDue: Bool {
        switch record {
        case .recording, .erasing: false
        case .leaving, .lost: true
        case .none, .recorded: flight == nil && !pressingNeeds.isEmpty && (isInForce || !waitsForStream)
        }
    }

    /// A snapshot is of use only while the stream is there.
    private var pressingNeeds: Needs { isInForce ? needs : needs.subtracting(.snapshot) }

    /// A part that shows what the stream changes is asserted when the stream is there, so that one update does both.
    private var waitsForStream: Bool {
        tracksStream && !replica.isKnown && notedSubscriptions == 0 && !isAdopted
    }

    /// Says what is to be done next.
    func nextStep(_ part: LocalPart, node: ClusterNode) -> RemoteStep {
        guard isDue else { return .nothing }
        switch record {
        case .none, .lost:
            record = .recording
            isRecordDoubtful = false
            return .record(topic)
        case .leaving:
            record = .erasing
            return .erase(topic)
        case .recorded:
            return .update(makeUpdate(part, node: node))
        case .recording, .erasing:
            return .nothing
        }
    }

    private func makeUpdate(_ part: LocalPart, node: ClusterNode) -> ClusterUpdate {
        let isSnapshot = isInForce && (needs.contains(.snapshot) || tracksStream && !replica.isKnown)
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = part.subscriptions
        update.isBroken = isVacatedBroken
        update.telling = part.telling
        update.gracePeriod = part.gracePeriod
        update.memberLimit = part.memberLimit
        for (userID, isBroken) in changedMembers {
            if let member = part.member(userID) {
                update.joined.append(member)
            } else {
                update.left.append(ClusterUpdate.Departure(userID: userID, isBroken: isBroken))
            }
        }
        if needs.contains(.whole) {
            update.isWhole = true
            update.joined = part.members()
            // Who is in already is not thrown out because a failover let others in.
            update.memberLimit = 0
            let listed = Set(update.joined.map(\.userID) + update.left.map(\.userID))
            update.left += departed.subtracting(listed).map { ClusterUpdate.Departure(userID: $0, isBroken: true) }
        }
        remember(in: &update)
        update.settles = needs.contains(.settling)
        update.acknowledged = news.queued
        update.wantsMembers = isSnapshot && kind.isPresence
        update.wantsRetained = kind.isCache && (isSnapshot || needs.contains(.retained))
        depart(with: update, isSnapshot: isSnapshot)
        return update
    }

    /// Adds what the directory may have forgotten.
    private func remember(in update: inout ClusterUpdate) {
        update.seen = seenVersion
        update.wasNoted = notedSubscriptions > 0
        update.wasLeft = isLeft
        update.known = notedMembers.intersection(update.joined.lazy.map(\.userID))
        update.known.formUnion(update.left.lazy.map(\.userID).filter { self.isRemembered($0) })
        update.departed = departed.intersection(update.joined.lazy.map(\.userID))
    }

    private func isRemembered(_ userID: String) -> Bool {
        notedMembers.contains(userID) || departed.contains(userID)
    }

    private func depart(with update: ClusterUpdate, isSnapshot: Bool) {
        flight = Flight(
            changes: changes,
            needs: pressingNeeds,
            changedMembers: changedMembers,
            isVacatedBroken: isVacatedBroken,
            acknowledged: update.acknowledged,
            isSnapshot: isSnapshot,
            position: replica.position,
            joined: update.joined.map(\.userID),
            left: update.left.map(\.userID)
        )
        needs.subtract(pressingNeeds)
        changedMembers = [:]
        isVacatedBroken = false
    }

    /// The topic is recorded.
    func endRecording() {
        guard record == .recording else { return }
        record = isRecordDoubtful ? .lost : .recorded
    }

    /// The node has been idle for long enough.
    func startErasing() {
        if record == .recorded || record == .lost { record = .leaving }
    }

    /// The topic is not recorded any more.
    func endErasing() {
        guard record == .erasing else { return }
        record = .none
        idleSince = nil
    }

    /// Takes back a step that was not answered: it may have been done or not.
    func fail() {
        switch record {
        case .recording: record = .lost
        case .erasing: record = .leaving
        case .none, .recorded, .lost, .leaving: break
        }
        guard let flight else { return }
        self.flight = nil
        needs.formUnion(flight.needs)
        needs.insert(.assertion)
        isVacatedBroken = isVacatedBroken || flight.isVacatedBroken
        changedMembers.merge(flight.changedMembers) { newer, _ in newer }
    }

    // MARK: Outcomes

    /// What an outcome brings.
    struct Effects {
        var difference = TopicReplica.Difference()
        /// This node's part is another one than before.
        var ownCountChanged = false
        /// Set where the outcome says what the topic keeps.
        var retained: RetainedValue??
        var news: [ClusterNews] = []
        /// When to call `noteTime`.
        var ringsAt: [NIODeadline] = []
        /// Subscribers who were not let in.
        var refused: [WaitingJoin] = []
    }

    /// Takes the outcome of the update that is under way.
    func finish(_ outcome: ClusterOutcome, now: NIODeadline) -> Effects {
        guard let flight, !flight.isStale else {
            // Whatever was noted is taken out by whoever buries the old name, who tells the news of it too.
            fail()
            return Effects()
        }
        self.flight = nil
        var effects = Effects()
        effects.ownCountChanged = notedSubscriptions != outcome.accepted
        noteDepartures(flight, outcome)
        acknowledgedChanges = flight.changes
        notedSubscriptions = outcome.accepted
        notedMembers.formUnion(flight.joined)
        notedMembers.subtract(flight.left)
        notedMembers.subtract(outcome.refused)
        news.noteAcknowledged(flight.acknowledged)
        look(at: outcome, askedAt: flight.isSnapshot ? flight.position : nil, now: now, &effects)
        takeNews(of: outcome, isConcerned: flight.hasBroken || outcome.hasForgotten, now: now, &effects)
        for index in waiting.indices where waiting[index].changes <= flight.changes && waiting[index].version == 0 {
            waiting[index].version = outcome.version
        }
        if waiting.contains(where: { isHeard($0) && !isShown($0) }) {
            // A store that lost its state can have versions that say nothing about what was before.
            needs.formUnion([.snapshot, .assertion])
        }
        if !outcome.refused.isEmpty {
            let refused = Set(outcome.refused)
            effects.refused = waiting.filter { $0.userID.map(refused.contains) ?? false }
            waiting.removeAll { $0.userID.map(refused.contains) ?? false }
        }
        return effects
    }

    /// Remembers what waits to be told, in case that the directory forgets it before.
    private func noteDepartures(_ flight: Flight, _ outcome: ClusterOutcome) {
        seenVersion = max(seenVersion, outcome.version)
        guard outcome.settlesIn != nil else {
            isLeft = false
            departed = []
            return
        }
        if outcome.accepted > 0 {
            isLeft = false
        } else if notedSubscriptions > 0, flight.isVacatedBroken || outcome.hasForgotten {
            isLeft = true
        }
        departed.subtract(flight.joined)
        for userID in flight.left where notedMembers.contains(userID) {
            if outcome.hasForgotten || flight.changedMembers[userID] ?? true { departed.insert(userID) }
        }
    }

    /// Takes what came of somebody else's part, for which the node is recorded.
    func adopt(_ outcome: ClusterOutcome, now: NIODeadline) -> Effects {
        isAdopted = true
        if record == .none { record = .recorded }
        idleSince = nil
        var effects = Effects()
        takeNews(of: outcome, isConcerned: true, now: now, &effects)
        return effects
    }

    /// Takes what an outcome tells of the rest; `asked` is set if it is a snapshot.
    private func look(
        at outcome: ClusterOutcome,
        askedAt asked: TopicReplica.Position?,
        now: NIODeadline,
        _ effects: inout Effects
    ) {
        guard tracksStream else {
            replica.take(counts: outcome.counts, version: outcome.version)
            return
        }
        let isCurrent = outcome.version >= replica.version || asked == replica.position
        if isCurrent, kind.isCache, asked != nil || outcome.retained != nil {
            effects.retained = .some(outcome.retained)
        }
        guard let asked else {
            effects.difference = replica.takeCounts(outcome, now: now)
            return
        }
        let difference = replica.take(outcome, askedAt: asked, now: now)
        effects.difference = difference ?? TopicReplica.Difference()
        effects.difference.resyncsAt.map { effects.ringsAt.append($0) }
        if difference == nil || isInForce && replica.isBehind {
            // The stream was faster, and what the snapshot was to repair may still be wrong.
            needs.formUnion([.snapshot, .assertion])
        }
    }

    private func takeNews(of outcome: ClusterOutcome, isConcerned: Bool, now: NIODeadline, _ effects: inout Effects) {
        effects.news = news.take(outcome.news)
        for item in effects.news {
            switch item.content {
            case .memberRemoved(let userID): departed.remove(userID)
            case .vacated: isLeft = false
            case .occupied, .memberAdded, .cacheMiss: break
            }
        }
        guard isConcerned, let settlesIn = outcome.settlesIn, let end = news.wait(for: settlesIn, now: now) else {
            return
        }
        effects.ringsAt.append(end)
    }

    // MARK: Subscribers

    /// A subscriber who has not been told yet.
    struct WaitingJoin {
        var loop: Int
        var socketID: SocketID
        var ticket: UInt64
        var userID: String?
        /// The changes that have to be acknowledged first.
        var changes: UInt64 = 0
        /// The version that has to be reached after that.
        var version: UInt64 = 0
    }

    /// All that this node said is heard, and the rest is known: a new subscriber can be told at once.
    var isSettled: Bool { canTell && acknowledgedChanges == changes }

    private var canTell: Bool {
        isInForce && (!tracksStream || replica.isKnown) && (!kind.isPresence || replica.members != nil)
    }

    /// Has a subscriber wait for what has changed up to now.
    func wait(_ join: WaitingJoin) {
        var join = join
        join.changes = changes
        waiting.append(join)
    }

    /// Forgets a subscriber who waits.
    func stopWaiting(_ socketID: SocketID) {
        waiting.removeAll { $0.socketID == socketID }
    }

    /// Takes out the subscribers who can be told now, in the order in which they came.
    func takeReady() -> [WaitingJoin] {
        guard canTell, !waiting.isEmpty else { return [] }
        let isReady = { (join: WaitingJoin) in self.isHeard(join) && self.isShown(join) }
        let ready = waiting.filter(isReady)
        waiting.removeAll(where: isReady)
        return ready
    }

    private func isHeard(_ join: WaitingJoin) -> Bool {
        join.changes <= acknowledgedChanges && (!tracksStream || join.version <= replica.version)
    }

    /// A member has to be in the list that it is given.
    private func isShown(_ join: WaitingJoin) -> Bool {
        join.userID.map { replica.members?[$0] != nil } ?? true
    }

    // MARK: The end

    /// The directory has nothing of this node, and nothing is left to do.
    var isQuiet: Bool {
        flight == nil && needs.subtracting([.snapshot, .retained]).isEmpty && notedSubscriptions == 0
            && waiting.isEmpty && !replica.isResyncing && news.isQuiet
    }

    /// News were told and are not known to be in their queue.
    var hasNews: Bool { !news.isAcknowledged }

    /// News wait to be told, or to be known to be told.
    var isSettling: Bool { !news.isQuiet || needs.contains(.settling) }

    /// What has been asserted was acknowledged.
    var isAsserted: Bool { flight == nil && needs.isDisjoint(with: [.assertion, .whole, .acknowledgement]) }
}
