import PusherProtocol
import ServerCore
import Testing

/// What is true of one topic, kept in the plainest way beside a directory.
struct ClusterModel {
    /// A node's part.
    struct Part {
        var subscriptions = 0
        var members: Set<String> = []

        var isEmpty: Bool { subscriptions == 0 && members.isEmpty }
    }

    var parts: [ClusterNode: Part] = [:]
    /// What each node got to tell and has not acknowledged.
    var unread: [ClusterNode: [ClusterNews]] = [:]
    private var isOccupiedTold = false
    private var toldMembers: Set<String> = []
    private var lastVersion: UInt64 = 0
    private var heardMembers: Set<String> = []
    private var heardCount = 0
    private var lastNumber: UInt64 = 0

    var users: Set<String> { parts.values.reduce(into: []) { $0.formUnion($1.members) } }
    var counts: ClusterCounts {
        ClusterCounts(subscriptions: parts.values.reduce(0) { $0 + $1.subscriptions }, users: users.count)
    }

    /// Whether nothing has happened, or everything was balanced.
    var isBalanced: Bool {
        !isOccupiedTold && toldMembers.isEmpty && heardMembers.isEmpty && heardCount == 0
            && unread.values.allSatisfy(\.isEmpty)
    }

    /// Applies an update, and checks all that a directory said to it and sent meanwhile.
    mutating func check(_ update: ClusterUpdate, _ outcome: ClusterOutcome, _ messages: [ClusterMessage?]) {
        let before = counts
        let refused = apply(update)
        #expect(!outcome.isBuried)
        #expect(outcome.refused == refused)
        #expect(outcome.counts == counts)
        if update.wantsMembers { #expect(Set(outcome.members?.map(\.userID) ?? ["?"]) == users) }
        for message in messages { hear(message, after: before) }
        #expect(heardMembers == users)
        #expect(heardCount == counts.subscriptions)
        if !messages.isEmpty { #expect(outcome.version == lastVersion) }
        checkNews(update, outcome)
        #expect(users.isSubset(of: toldMembers))
        #expect(isOccupiedTold || counts.subscriptions == 0)
        if toldMembers != users || isOccupiedTold && counts.subscriptions == 0 { #expect(outcome.settlesIn != nil) }
    }

    private mutating func apply(_ update: ClusterUpdate) -> [String] {
        var part = parts[update.node] ?? Part()
        let joined = Set(update.joined.map(\.userID))
        part.members.subtract(Set(update.left.map(\.userID)).subtracting(joined))
        if update.isWhole { part.members.formIntersection(joined) }
        part.subscriptions = update.subscriptions
        parts[update.node] = part
        var refused: [String] = []
        for userID in update.joined.map(\.userID) {
            if update.memberLimit > 0, !users.contains(userID), users.count >= update.memberLimit {
                refused.append(userID)
            } else {
                parts[update.node]?.members.insert(userID)
            }
        }
        if parts[update.node]?.isEmpty == true { parts[update.node] = nil }
        return refused
    }

    private mutating func hear(_ message: ClusterMessage?, after before: ClusterCounts) {
        let version: ClusterVersion
        switch message {
        case .memberAdded(let member, let made):
            #expect(heardMembers.insert(member.userID).inserted, "\(member.userID) was added twice")
            version = made
        case .memberRemoved(let userID, let made):
            #expect(heardMembers.remove(userID) != nil, "\(userID) was removed twice")
            version = made
        case .subscriptionCount(let count, let made):
            #expect(count != heardCount)
            heardCount = count
            version = made
        default:
            Issue.record("\(String(describing: message)) is no change")
            return
        }
        // A state that was gone begins a new chain.
        let isNew = version.previous == 0 && before == ClusterCounts()
        #expect(version.previous == lastVersion || isNew || lastVersion == 0)
        #expect(version.current > lastVersion)
        lastVersion = version.current
    }

    private mutating func checkNews(_ update: ClusterUpdate, _ outcome: ClusterOutcome) {
        var news = outcome.news[...]
        let kept = (unread[update.reporter] ?? []).filter { $0.number > update.acknowledged }
        #expect(Array(news.prefix(kept.count)) == kept, "what was not acknowledged comes again")
        news = news.dropFirst(kept.count)
        if update.node != update.reporter {
            let inherited = unread.removeValue(forKey: update.node) ?? []
            #expect(news.prefix(inherited.count).map(\.content) == inherited.map(\.content))
            for item in news.prefix(inherited.count) { grow(item) }
            news = news.dropFirst(inherited.count)
        }
        for item in news { tell(item) }
        unread[update.reporter] = outcome.news
    }

    private mutating func grow(_ news: ClusterNews) {
        #expect(news.number > lastNumber)
        lastNumber = news.number
    }

    private mutating func tell(_ news: ClusterNews) {
        grow(news)
        switch news.content {
        case .occupied:
            #expect(!isOccupiedTold && counts.subscriptions > 0)
            isOccupiedTold = true
        case .vacated:
            #expect(isOccupiedTold && counts.subscriptions == 0)
            isOccupiedTold = false
        case .memberAdded(let userID):
            #expect(toldMembers.insert(userID).inserted && users.contains(userID))
        case .memberRemoved(let userID):
            #expect(toldMembers.remove(userID) != nil && !users.contains(userID))
        case .cacheMiss:
            Issue.record("nobody asked for what is kept")
        }
    }
}
