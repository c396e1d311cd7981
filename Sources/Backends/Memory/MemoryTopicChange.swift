import PusherProtocol
import ServerCore

/// One update of a topic in this process: the same steps as `RedisTopicScripts.update`, in the same order.
struct MemoryTopicChange {
    /// How many news an outcome has at most.
    private static let maxNews = 1_000

    private(set) var topic: MemoryTopic
    /// What is to be sent on the topic, in order.
    private(set) var messages: [ClusterMessage] = []
    private let update: ClusterUpdate
    private let moment: MemoryTopic.Moment
    private var refused: [String] = []
    private var accepted = 0
    private let hasForgotten: Bool

    private init(_ update: ClusterUpdate, to topic: MemoryTopic, at moment: MemoryTopic.Moment) {
        self.topic = topic
        self.update = update
        self.moment = moment
        if topic.version == 0 { self.topic.birth = moment.stamp }
        hasForgotten = update.seen > 0 && (topic.version < update.seen || update.seen < self.topic.birth)
    }

    /// Applies an update to a topic; returns the messages that tell of it.
    static func apply(
        _ update: ClusterUpdate,
        to topic: inout MemoryTopic,
        at moment: MemoryTopic.Moment,
        tombstoneLifetime: Duration
    ) -> (outcome: ClusterOutcome, messages: [ClusterMessage]) {
        var update = update
        var buried = ClusterOutcome()
        buried.isBuried = true
        if let until = topic.tombstones[update.reporter], until > moment.now { return (buried, []) }
        if update.node != update.reporter {
            topic.tombstones[update.node] = moment.now + tombstoneLifetime
            // Whoever buries another node can only take away what it had.
            update.subscriptions = 0
            update.joined = []
            update.isWhole = true
        }
        var change = MemoryTopicChange(update, to: topic, at: moment)
        let outcome = change.run()
        topic = change.topic
        return (outcome, change.messages)
    }

    private mutating func run() -> ClusterOutcome {
        acknowledge()
        takeOverNews()
        removeMembers()
        let before = topic.total
        setSubscriptions()
        if before == 0, topic.total > 0 { becomeOccupied() }
        addMembers()
        if before > 0, topic.total == 0 { becomeVacant() }
        if before == 0, topic.total == 0 { mournOccupancy() }
        if update.settles { settle() }
        let retained = update.wantsRetained ? retained() : nil
        // What was sent while there was no state is older than this.
        if !topic.isIdle, topic.version == 0 { topic.version = moment.stamp }
        let outcome = outcome(retained)
        topic.endIfIdle(at: moment.now)
        return outcome
    }

    private func outcome(_ retained: RetainedValue?) -> ClusterOutcome {
        var outcome = ClusterOutcome()
        outcome.hasForgotten = hasForgotten
        outcome.version = topic.version
        outcome.accepted = accepted
        outcome.counts = topic.counts
        outcome.refused = refused
        outcome.news = Array(topic.news[update.reporter, default: []].prefix(Self.maxNews))
        outcome.settlesIn = (topic.nextRemoval ?? topic.vacancy).map { max($0 - moment.now, .zero) }
        outcome.retained = retained
        if update.wantsMembers {
            outcome.members = topic.users.map { user in
                PresenceMember(userID: user.key, userInfo: user.value.info.isEmpty ? nil : user.value.info)
            }
        }
        return outcome
    }

    // MARK: News

    private mutating func tell(_ content: ClusterNews.Content) {
        topic.lastNumber = max(topic.lastNumber + 1, moment.stamp)
        let news = ClusterNews(number: topic.lastNumber, content: content)
        topic.news[update.reporter, default: []].append(news)
    }

    private mutating func acknowledge() {
        guard update.acknowledged > 0, let news = topic.news[update.reporter] else { return }
        let rest = news.drop { $0.number <= update.acknowledged }
        topic.news[update.reporter] = rest.isEmpty ? nil : Array(rest)
    }

    /// Gives the news of a buried node new numbers, so that no acknowledgement that is under way can mean them.
    private mutating func takeOverNews() {
        guard update.node != update.reporter, let news = topic.news.removeValue(forKey: update.node) else { return }
        for item in news { tell(item.content) }
    }

    // MARK: Members

    private mutating func removeMembers() {
        let staying = Set(update.joined.map(\.userID))
        for departure in update.left where !staying.contains(departure.userID) {
            remove(departure.userID, isBroken: departure.isBroken)
        }
        guard update.isWhole, let noted = topic.members[update.node] else { return }
        for userID in noted.keys where !staying.contains(userID) { remove(userID, isBroken: true) }
    }

    private mutating func remove(_ userID: String, isBroken: Bool) {
        guard topic.members[update.node]?.removeValue(forKey: userID) != nil else { return mourn(userID) }
        if topic.members[update.node]?.isEmpty == true { topic.members[update.node] = nil }
        guard let user = topic.users[userID], user.nodes == 1 else {
            topic.users[userID]?.nodes -= 1
            return
        }
        topic.users[userID] = nil
        messages.append(.memberRemoved(userID: userID, topic.raiseVersion(at: moment)))
        guard topic.told[userID] != nil else { return }
        if isBroken, update.gracePeriod > .zero {
            topic.told[userID] = .leaving(moment.now + update.gracePeriod)
        } else {
            topic.told[userID] = nil
            tell(.memberRemoved(userID: userID))
        }
    }

    /// When what was forgotten counts as gone, unless another node says that it is there.
    private var mourningEnd: Duration { moment.now + max(update.gracePeriod, ClusterUpdate.forgottenGrace) }

    /// A member left of whom the topic has forgotten that webhooks know of it.
    private mutating func mourn(_ userID: String) {
        guard hasForgotten, update.known.contains(userID), update.telling.contains(.memberNews),
            topic.users[userID] == nil, topic.told[userID] == nil
        else { return }
        topic.told[userID] = .leaving(mourningEnd)
    }

    private mutating func addMembers() {
        for member in update.joined {
            let info = member.userInfo ?? []
            let noted = topic.members[update.node]?[member.userID]
            guard noted != info else { continue }
            if let user = topic.users[member.userID] {
                topic.members[update.node, default: [:]][member.userID] = info
                let nodes = user.nodes + (noted == nil ? 1 : 0)
                topic.users[member.userID] = MemoryTopic.User(nodes: nodes, info: info)
            } else if update.memberLimit > 0, topic.users.count >= update.memberLimit {
                refused.append(member.userID)
            } else {
                add(member, info: info)
            }
        }
    }

    private mutating func add(_ member: PresenceMember, info: [UInt8]) {
        topic.members[update.node, default: [:]][member.userID] = info
        topic.users[member.userID] = MemoryTopic.User(nodes: 1, info: info)
        let member = PresenceMember(userID: member.userID, userInfo: info.isEmpty ? nil : info)
        messages.append(.memberAdded(member, topic.raiseVersion(at: moment)))
        if topic.told[member.userID] != nil {
            topic.told[member.userID] = .present
        } else if update.telling.contains(.memberNews) {
            topic.told[member.userID] = .present
            let isKnown =
                update.known.contains(member.userID) || hasForgotten && update.departed.contains(member.userID)
            if !isKnown { tell(.memberAdded(userID: member.userID)) }
        }
    }

    // MARK: Occupancy

    private mutating func setSubscriptions() {
        let had = topic.subscriptions[update.node] ?? 0
        let before = topic.total
        accepted = max(update.subscriptions, 0)
        if update.subscriptionLimit > 0 {
            accepted = min(accepted, max(update.subscriptionLimit - (before - had), had))
        }
        topic.subscriptions[update.node] = accepted == 0 ? nil : accepted
        topic.total = before - had + accepted
        guard topic.total != before else { return }
        let isEdge = topic.total == 0 || before == 0
        if update.telling.contains(.counts) || update.telling.contains(.edges) && isEdge {
            messages.append(.subscriptionCount(topic.total, topic.raiseVersion(at: moment)))
        }
    }

    private mutating func becomeOccupied() {
        topic.vacancy = nil
        guard update.telling.contains(.occupancyNews), !topic.isTold else { return }
        topic.isTold = true
        if !update.wasNoted, !(hasForgotten && update.wasLeft) { tell(.occupied) }
    }

    /// The last subscription went of which the topic has forgotten that webhooks know of it.
    private mutating func mournOccupancy() {
        guard hasForgotten, update.wasNoted || update.wasLeft, update.telling.contains(.occupancyNews), !topic.isTold
        else { return }
        topic.isTold = true
        topic.vacancy = mourningEnd
    }

    private mutating func becomeVacant() {
        topic.isMissTold = false
        guard topic.isTold else { return }
        if update.isBroken, update.gracePeriod > .zero {
            topic.vacancy = moment.now + update.gracePeriod
        } else if topic.nextRemoval != nil {
            topic.vacancy = moment.now
        } else {
            topic.isTold = false
            tell(.vacated)
        }
    }

    /// Tells what has waited long enough: that the channel was vacated comes after all who left it.
    private mutating func settle() {
        let due = topic.told.compactMap { userID, told -> (deadline: Duration, userID: String)? in
            guard case .leaving(let deadline) = told, deadline <= moment.now else { return nil }
            return (deadline, userID)
        }
        for (_, userID) in due.sorted(by: { $0 < $1 }) {
            topic.told[userID] = nil
            tell(.memberRemoved(userID: userID))
        }
        guard let vacancy = topic.vacancy, vacancy <= moment.now, topic.nextRemoval == nil else { return }
        topic.isTold = false
        topic.vacancy = nil
        tell(.vacated)
    }

    private mutating func retained() -> RetainedValue? {
        let value = topic.retained(at: moment.now)
        if value == nil, update.telling.contains(.missNews), topic.total > 0, !topic.isMissTold {
            topic.isMissTold = true
            tell(.cacheMiss)
        }
        return value
    }
}
