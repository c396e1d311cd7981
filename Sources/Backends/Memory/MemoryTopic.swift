import NIOCore
import PusherProtocol
import ServerCore

/// The state of one topic of a cluster in this process: what `RedisTopicScripts` keeps in keys.
struct MemoryTopic {
    /// A user of a presence channel.
    struct User {
        /// How many nodes have the user.
        var nodes: Int
        /// The newest info.
        var info: [UInt8]
    }

    /// What webhooks know of a user.
    enum Told: Equatable {
        case present
        /// The user left; the removal is told from this time on.
        case leaving(Duration)
    }

    /// A time, since the cluster began, and a number that no earlier moment had.
    struct Moment {
        var now: Duration
        var stamp: UInt64
    }

    var version: UInt64 = 0
    /// Where versions began: whoever has seen a smaller one has seen what was forgotten.
    var birth: UInt64 = 0
    var total = 0
    /// Webhooks know that the channel is occupied.
    var isTold = false
    /// When they are told that it was vacated.
    var vacancy: Duration?
    /// They were told that nothing was kept.
    var isMissTold = false
    var lastNumber: UInt64 = 0
    var subscriptions: [ClusterNode: Int] = [:]
    var members: [ClusterNode: [String: [UInt8]]] = [:]
    var users: [String: User] = [:]
    var told: [String: Told] = [:]
    var news: [ClusterNode: [ClusterNews]] = [:]
    /// Until when nothing may be written under a node's name.
    var tombstones: [ClusterNode: Duration] = [:]
    /// Until when the version of a topic that ended is kept.
    private var traceEnd: Duration?
    private var kept: (bytes: ByteBuffer, until: Duration)?

    var counts: ClusterCounts { ClusterCounts(subscriptions: total, users: users.count) }

    /// When the next removal that waits is told.
    var nextRemoval: Duration? {
        told.values.compactMap { if case .leaving(let deadline) = $0 { deadline } else { nil } }.min()
    }

    /// Nobody is in the topic, and nothing remains to be told.
    var isIdle: Bool {
        total == 0 && users.isEmpty && !isTold && told.isEmpty && news.isEmpty
    }

    /// What the topic keeps.
    func retained(at now: Duration) -> RetainedValue? {
        guard let kept, kept.until > now else { return nil }
        return RetainedValue(bytes: kept.bytes, remaining: kept.until - now)
    }

    /// Keeps a value and returns the version that this makes.
    mutating func retain(_ retention: ClusterPublication.Retention, at moment: Moment) -> ClusterVersion {
        kept = (retention.value, moment.now + retention.ttl)
        isMissTold = false
        return raiseVersion(at: moment)
    }

    mutating func raiseVersion(at moment: Moment) -> ClusterVersion {
        let previous = version
        version = max(version + 1, moment.stamp)
        return ClusterVersion(current: version, previous: previous)
    }

    /// Drops the version a while after the last who was in the topic; later ones are greater nevertheless, since moments
    /// are.
    ///
    /// Nodes that remember the topic must not take what ended for what was forgotten.
    mutating func endIfIdle(at now: Duration) {
        guard isIdle else { return }
        lastNumber = 0
        traceEnd = now + .seconds(60)
    }

    /// Forgets what is over, and returns whether anything is left.
    mutating func sweep(at now: Duration) -> Bool {
        tombstones = tombstones.filter { $0.value > now }
        if let until = kept?.until, until <= now { kept = nil }
        if let end = traceEnd, end <= now { traceEnd = nil }
        return !isIdle || !tombstones.isEmpty || kept != nil || traceEnd != nil
    }
}
