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
    /// The stream changes what subscribers are given or told.
    private let tracksStream: Bool
    /// The node is asked to be told of the topic's messages, and is.
    private(set) var isInForce = false
    /// Whoever buries this node finds the topic.
    private var record = Record.none
    /// A report of the subscriptions is due at its time.
    var isReporting = false
    /// Everyone in a presence channel, over all nodes; `nil` until known.
    private(set) var members: [String: [UInt8]?]?
    /// Over all nodes.
    private(set) var counts = ClusterCounts()
    private(set) var version: UInt64 = 0
    private(set) var waiting: [WaitingJoin] = []
    /// When nothing holds the topic any more, the time at which it is let go.
    var idleSince: NIODeadline?
    /// The transport was asked for the topic's messages.
    var isSubscribed = false
    /// Somebody else's part was taken over, so that its late news are this node's.
    private var isAdopted = false

    // What the next update has to say.
    private var changes: UInt64 = 0
    private var acknowledgedChanges: UInt64 = 0
    private var changedMembers: [String: Bool] = [:]
    private var isVacatedBroken = false
    private var needs: Needs = []
    private var flight: Flight?
    // What the directory has.
    private var notedSubscriptions = 0
    private var heardVersion: UInt64 = 0
    private var settlesAt: NIODeadline?
    // News, by their numbers.
    private var toldNews: UInt64 = 0
    private var queuedNews: UInt64 = 0
    private var acknowledgedNews: UInt64 = 0
    private var sequences: [UInt64: UInt64] = [:]

    /// Whether the node is recorded with the topic.
    private enum Record {
        case none
        case recording
        case recorded
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
        var members: [String: Bool]
        var subscriptions: Int
        var acknowledged: UInt64
        var isSnapshot: Bool
        var isVacatedBroken: Bool
        var hasBroken: Bool
    }

    /// A subscriber who has not been told yet.
    struct WaitingJoin {
        var loop: Int
        var socketID: SocketID
        var ticket: UInt64
        var userID: String?
        /// The changes that have to be acknowledged first.
        var changes: UInt64
        /// The version that has to be reached after that.
        var version: UInt64 = 0
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
        queuedNews = max(queuedNews, number)
        if queuedNews > acknowledgedNews { needs.insert(.acknowledgement) }
    }

    /// It is time to tell what waited.
    func noteSettling(now: NIODeadline) -> Bool {
        guard let settlesAt, settlesAt <= now else { return false }
        self.settlesAt = nil
        needs.insert(.settling)
        return true
    }

    /// What the directory has of the node may be wrong: it was replaced, or knows the node under another name.
    func noteDisturbance() {
        needs.formUnion([.assertion, .whole])
        if tracksStream { needs.insert(.snapshot) }
        flight?.needs.formUnion([.assertion, .whole])
    }

    /// The directory does not know this node under its new name yet.
    func noteNewName() {
        record = .none
        noteDisturbance()
    }

    // MARK: The way of messages

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

    /// Says whether an event of another process is one that did not come before.
    func isNew(_ event: ClusterEvent) -> Bool {
        guard event.sequence > sequences[event.publisher] ?? 0 else { return false }
        if sequences.count >= 1_000, sequences[event.publisher] == nil {
            // Processes that have long gone; those that are here are back with their next event.
            sequences.removeAll()
        }
        sequences[event.publisher] = event.sequence
        return true
    }

    /// Takes a message's version; false when what it tells is known already or cannot be understood yet.
    func advance(to version: ClusterVersion) -> Bool {
        heardVersion = max(heardVersion, version.current)
        guard version.current > self.version, self.version != 0 else { return false }
        guard version.previous <= self.version else {
            needs.formUnion([.snapshot, .assertion])
            return false
        }
        self.version = version.current
        return true
    }

    /// A user came to the channel, as the stream tells it; false when it was there, as after a store forgot it.
    func add(_ member: PresenceMember) -> Bool {
        guard members != nil else { return false }
        let isNew = members?.updateValue(member.userInfo, forKey: member.userID) == nil
        counts.users = members?.count ?? 0
        return isNew
    }

    /// A user left the channel, as the stream tells it; false when it was not there.
    func remove(_ userID: String) -> Bool {
        let wasThere = members?.removeValue(forKey: userID) != nil
        counts.users = members?.count ?? 0
        return wasThere
    }

    /// The number of subscriptions, as the stream tells it.
    func setSubscriptions(_ count: Int) {
        counts.subscriptions = count
    }

    // MARK: Updates

    /// There is something to say, and nobody is saying it.
    var isDue: Bool {
        switch record {
        case .recording, .erasing: false
        case .leaving: true
        case .none, .recorded: flight == nil && !pressingNeeds.isEmpty && (isInForce || !waitsForStream)
        }
    }

    /// A snapshot is of use only while the stream is there.
    private var pressingNeeds: Needs { isInForce ? needs : needs.subtracting(.snapshot) }

    /// A part that shows what the stream changes is asserted when the stream is there, so that one update does both.
    private var waitsForStream: Bool { tracksStream && version == 0 && notedSubscriptions == 0 && !isAdopted }

    /// Says what is to be done next.
    func nextStep(_ part: LocalPart, node: ClusterNode) -> RemoteStep {
        guard isDue else { return .nothing }
        switch record {
        case .none:
            record = .recording
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

    /// The topic is recorded, or it was not possible.
    func endRecording(isRecorded: Bool) {
        guard record == .recording else { return }
        record = isRecorded ? .recorded : .none
    }

    /// The node has been idle for long enough.
    func startErasing() {
        record = record == .recorded ? .leaving : record
    }

    /// The topic is not recorded any more.
    func endErasing() {
        guard record == .erasing else { return }
        record = .none
        idleSince = nil
    }

    private func makeUpdate(_ part: LocalPart, node: ClusterNode) -> ClusterUpdate {
        let isSnapshot = isInForce && (needs.contains(.snapshot) || tracksStream && version == 0)
        var update = ClusterUpdate(topic, node: node)
        update.subscriptions = part.subscriptions
        update.isBroken = isVacatedBroken
        for (userID, isBroken) in changedMembers {
            if let member = part.member(userID) {
                update.joined.append(member)
            } else {
                update.left.append(ClusterUpdate.Departure(userID: userID, isBroken: isBroken))
            }
        }
        update.memberLimit = part.memberLimit
        if needs.contains(.whole) {
            update.isWhole = true
            update.joined = part.members()
            // Who is in already is not thrown out because a failover let others in.
            update.memberLimit = 0
        }
        update.telling = part.telling
        update.gracePeriod = part.gracePeriod
        update.settles = needs.contains(.settling)
        update.acknowledged = queuedNews
        update.wantsMembers = isSnapshot && kind.isPresence
        update.wantsRetained = kind.isCache && (isSnapshot || needs.contains(.retained))
        flight = Flight(
            changes: changes,
            needs: isInForce || !needs.contains(.snapshot) ? needs : needs.subtracting(.snapshot),
            members: changedMembers,
            subscriptions: part.subscriptions,
            acknowledged: queuedNews,
            isSnapshot: isSnapshot,
            isVacatedBroken: isVacatedBroken,
            hasBroken: isVacatedBroken || changedMembers.values.contains(true) || update.isWhole
        )
        needs.subtract(flight?.needs ?? [])
        changedMembers = [:]
        isVacatedBroken = false
        return update
    }

    /// Takes back an update that was not answered: it may have been done or not.
    func fail() {
        switch record {
        case .recording: record = .none
        case .erasing: record = .leaving
        case .none, .recorded, .leaving: break
        }
        guard let flight else { return }
        self.flight = nil
        needs.formUnion(flight.needs)
        needs.insert(.assertion)
        isVacatedBroken = isVacatedBroken || flight.isVacatedBroken
        changedMembers.merge(flight.members) { newer, _ in newer }
    }

    /// What an outcome brings.
    struct Effects {
        /// Members whom the snapshot has and the replica had not, and the other way round.
        var added: [PresenceMember] = []
        var removed: [String] = []
        var countChanged = false
        /// This node's part is another one than before.
        var ownCountChanged = false
        /// Set where the outcome says what the topic keeps.
        var retained: RetainedValue??
        var news: [ClusterNews] = []
        var settlesAt: NIODeadline?
        /// Subscribers who were not let in.
        var refused: [WaitingJoin] = []
    }

    /// Takes an outcome of the update that is under way.
    func finish(_ outcome: ClusterOutcome, now: NIODeadline) -> Effects {
        guard let flight else { return Effects() }
        self.flight = nil
        var effects = Effects()
        effects.ownCountChanged = notedSubscriptions != outcome.accepted
        notedSubscriptions = outcome.accepted
        acknowledgedChanges = flight.changes
        acknowledgedNews = max(acknowledgedNews, flight.acknowledged)
        take(outcome, isSnapshot: flight.isSnapshot, &effects)
        takeNews(outcome, isConcerned: flight.hasBroken || flight.needs.contains(.settling), now: now, &effects)
        for index in waiting.indices where waiting[index].changes <= flight.changes && waiting[index].version == 0 {
            waiting[index].version = outcome.version
        }
        if !outcome.refused.isEmpty {
            let refused = Set(outcome.refused)
            effects.refused = waiting.filter { $0.userID.map(refused.contains) ?? false }
            waiting.removeAll { $0.userID.map(refused.contains) ?? false }
        }
        if tracksStream, isInForce, version != 0, heardVersion > version, flight.isSnapshot {
            needs.formUnion([.snapshot, .assertion])
        }
        return effects
    }

    /// Takes what came of somebody else's part, for which the node is recorded.
    func adopt(_ outcome: ClusterOutcome, now: NIODeadline) -> Effects {
        isAdopted = true
        if record == .none { record = .recorded }
        idleSince = nil
        var effects = Effects()
        takeNews(outcome, isConcerned: true, now: now, &effects)
        return effects
    }

    private func take(_ outcome: ClusterOutcome, isSnapshot: Bool, _ effects: inout Effects) {
        guard outcome.version >= version else { return }
        effects.countChanged = counts.subscriptions != outcome.counts.subscriptions
        counts.subscriptions = outcome.counts.subscriptions
        if !tracksStream {
            counts.users = outcome.counts.users
            version = max(outcome.version, 1)
        }
        if kind.isCache, isSnapshot || outcome.retained != nil {
            effects.retained = .some(outcome.retained)
        }
        guard isSnapshot else { return }
        if let members = outcome.members {
            replaceMembers(members, &effects)
        }
        version = max(outcome.version, 1)
    }

    private func replaceMembers(_ members: [PresenceMember], _ effects: inout Effects) {
        let fresh = Dictionary(members.map { ($0.userID, $0.userInfo) }) { _, newer in newer }
        if let known = self.members {
            effects.added = members.filter { known[$0.userID] == nil }
            effects.removed = known.keys.filter { fresh[$0] == nil }
        }
        self.members = fresh
        counts.users = fresh.count
    }

    private func takeNews(_ outcome: ClusterOutcome, isConcerned: Bool, now: NIODeadline, _ effects: inout Effects) {
        effects.news = outcome.news.filter { $0.number > toldNews }
        toldNews = max(toldNews, effects.news.last?.number ?? 0)
        if isConcerned, let settlesIn = outcome.settlesIn, settlesAt == nil {
            // Rather late than twice: the store's clock is another one.
            settlesAt = now + settlesIn.timeAmount + .milliseconds(20)
            effects.settlesAt = settlesAt
        }
    }

    // MARK: Subscribers

    /// Says whether a new subscriber can be told at once; `mustChange` when the cluster has to know of it first.
    var isSettled: Bool {
        isInForce && acknowledgedChanges == changes && (!kind.isPresence || members != nil)
            && (!tracksStream || version != 0)
    }

    /// The rest of the topic is known as of some time.
    var isKnown: Bool { version != 0 }

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
        guard isInForce, !waiting.isEmpty, !kind.isPresence || members != nil, !tracksStream || version != 0 else {
            return []
        }
        let isReady = { (join: WaitingJoin) in
            join.changes <= self.acknowledgedChanges && (!self.tracksStream || join.version <= self.version)
        }
        let ready = waiting.filter(isReady)
        waiting.removeAll(where: isReady)
        return ready
    }

    // MARK: The end

    /// The directory has nothing of this node, and nothing is left to do.
    var isQuiet: Bool {
        flight == nil && needs.subtracting([.snapshot, .retained]).isEmpty && notedSubscriptions == 0
            && waiting.isEmpty && settlesAt == nil && acknowledgedNews >= toldNews
    }

    /// Departures wait to be told.
    var isSettling: Bool { settlesAt != nil || needs.contains(.settling) || acknowledgedNews < toldNews }

    /// What has been asserted was acknowledged.
    var isAsserted: Bool { flight == nil && needs.isDisjoint(with: [.assertion, .whole, .acknowledgement]) }
}

/// The next thing to tell a directory of a topic.
enum RemoteStep: Sendable {
    case nothing
    case record(ClusterTopic)
    case erase(ClusterTopic)
    case update(ClusterUpdate)
}

/// A node's own part of a topic at the moment at which it is asserted.
struct LocalPart {
    var subscriptions: Int
    var telling: ClusterUpdate.Telling = []
    var gracePeriod: Duration = .zero
    var memberLimit = 0
    var member: (String) -> PresenceMember? = { _ in nil }
    var members: () -> [PresenceMember] = { [] }
}
