import NIOCore
import PusherProtocol
import ServerCore

/// What a node knows of all nodes' part in a topic: a snapshot, kept up to date by the topic's stream.
///
/// A message is applied only if its version is newer, so that snapshot and stream can race; one that follows a version
/// that was never seen shows that messages were lost.
struct TopicReplica {
    /// Everyone in a presence channel; `nil` until known.
    private(set) var members: [String: [UInt8]?]?
    private(set) var counts = ClusterCounts()
    /// 0 until a snapshot came.
    private(set) var version: UInt64 = 0
    private var heardVersion: UInt64 = 0
    private var mercyEnd: NIODeadline?
    private var resyncsAt: NIODeadline?
    private var sequences: [UInt64: UInt64] = [:]

    /// What nodes take to say again what a store has forgotten.
    private static let mercy = TimeAmount.seconds(6)

    /// The rest of the topic is known as of some time.
    var isKnown: Bool { version != 0 }

    /// The replica will be looked at again.
    var isResyncing: Bool { resyncsAt != nil }

    /// Messages came that the last snapshot did not know of and that could not be applied.
    var isBehind: Bool { isKnown && heardVersion > version }

    // MARK: The stream

    /// What a message's version means.
    enum Step {
        case applied
        /// It is known already, or will be in the next snapshot.
        case ignored
        /// Messages before it were lost.
        case gap
    }

    /// Takes a message's version.
    mutating func advance(to version: ClusterVersion) -> Step {
        heardVersion = max(heardVersion, version.current)
        guard version.current > self.version, isKnown else { return .ignored }
        guard version.previous <= self.version else { return .gap }
        self.version = version.current
        return .applied
    }

    /// A user came; false when it was there, as after a store forgot it.
    mutating func add(_ member: PresenceMember) -> Bool {
        guard members != nil else { return false }
        let isNew = members?.updateValue(member.userInfo, forKey: member.userID) == nil
        counts.users = members?.count ?? 0
        return isNew
    }

    /// A user left; false when it was not there.
    mutating func remove(_ userID: String) -> Bool {
        let wasThere = members?.removeValue(forKey: userID) != nil
        counts.users = members?.count ?? 0
        return wasThere
    }

    /// The number of subscriptions is another one.
    mutating func setSubscriptions(_ count: Int) {
        counts.subscriptions = count
    }

    /// Says whether an event is one that did not come before.
    mutating func isNew(_ event: ClusterEvent) -> Bool {
        guard event.sequence > sequences[event.publisher] ?? 0 else { return false }
        if sequences.count >= 1_000, sequences[event.publisher] == nil {
            // Processes that have long gone; those that are here are back with their next event.
            sequences.removeAll()
        }
        sequences[event.publisher] = event.sequence
        return true
    }

    // MARK: Snapshots

    /// How a snapshot differs from what was known.
    struct Difference {
        var added: [PresenceMember] = []
        var removed: [String] = []
        var countChanged = false
        /// When to call `noteTime`.
        var resyncsAt: NIODeadline?
    }

    /// The store was replaced: until nodes have said again who is with them, nobody is missing because it is not there.
    mutating func showMercy(now: NIODeadline) {
        mercyEnd = now + Self.mercy
    }

    /// Takes the counts of a topic whose stream tells nothing of them.
    mutating func take(counts: ClusterCounts, version: UInt64) {
        guard version >= self.version else { return }
        self.counts = counts
        self.version = max(version, 1)
    }

    /// How far the stream was at some time.
    struct Position: Equatable {
        fileprivate var version: UInt64
        fileprivate var heardVersion: UInt64
    }

    /// How far the stream is.
    var position: Position { Position(version: version, heardVersion: heardVersion) }

    /// Takes a snapshot that was asked for when the stream had a position; `nil` when the stream is further than it.
    ///
    /// If no message came meanwhile, the snapshot counts even with an older version: the store has forgotten something,
    /// or everybody has gone and the state with them.
    mutating func take(_ outcome: ClusterOutcome, askedAt asked: Position, now: NIODeadline) -> Difference? {
        let isUndisturbed = position == asked
        guard outcome.version >= version || isUndisturbed else { return nil }
        if isUndisturbed {
            version = min(version, outcome.version)
            heardVersion = 0
        }
        var difference = takeCounts(outcome, now: now)
        let isMerciful = isMerciful(now)
        if let members = outcome.members {
            replaceMembers(members, isMerciful: isMerciful, &difference)
        }
        if isMerciful, let mercyEnd {
            resyncsAt = mercyEnd
            difference.resyncsAt = mercyEnd
        }
        version = max(outcome.version, 1)
        return difference
    }

    /// Takes the count that comes with every outcome.
    mutating func takeCounts(_ outcome: ClusterOutcome, now: NIODeadline) -> Difference {
        guard outcome.version >= version, !isMerciful(now) || outcome.counts.subscriptions > counts.subscriptions else {
            return Difference()
        }
        defer { counts.subscriptions = outcome.counts.subscriptions }
        return Difference(countChanged: counts.subscriptions != outcome.counts.subscriptions)
    }

    /// Says whether it is time to look again who is there.
    mutating func noteTime(_ now: NIODeadline) -> Bool {
        guard let resyncsAt, resyncsAt <= now else { return false }
        self.resyncsAt = nil
        return true
    }

    private func isMerciful(_ now: NIODeadline) -> Bool {
        mercyEnd.map { now < $0 } ?? false
    }

    private mutating func replaceMembers(
        _ members: [PresenceMember],
        isMerciful: Bool,
        _ difference: inout Difference
    ) {
        var fresh = Dictionary(members.map { ($0.userID, $0.userInfo) }) { _, newer in newer }
        if let known = self.members {
            difference.added = members.filter { known[$0.userID] == nil }
            if isMerciful {
                fresh.merge(known) { newer, _ in newer }
            }
            difference.removed = known.keys.filter { fresh[$0] == nil }
        }
        self.members = fresh
        counts.users = fresh.count
    }
}
