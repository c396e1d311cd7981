import ServerCore

/// What the receiver of a channel's webhooks believes, so that it hears of every change once and alternately.
///
/// After a broken connection the bad news waits for the grace period, and is never told if the channel or member is
/// back by then (Pusher Channels docs, "Webhooks").
struct WebhookEdges {
    private var isOccupied = false
    private var members: Set<String> = []
    /// Departures that wait, with the ticket of the timer that will tell them.
    private var vacating: UInt64?
    private var leaving: [String: UInt64] = [:]

    /// The receiver believes that nobody is there, and no news waits.
    var isQuiet: Bool { !isOccupied && members.isEmpty }

    /// The users that are in it for one reason or another.
    var rememberedUsers: Int { members.union(leaving.keys).count }

    /// The first subscriber came; returns whether to say so.
    mutating func occupy() -> Bool {
        vacating = nil
        defer { isOccupied = true }
        return !isOccupied
    }

    /// The last subscriber went; returns whether to say so now rather than when the ticket's timer is due.
    mutating func vacate(waiting ticket: UInt64?) -> Bool {
        vacating = ticket
        guard ticket == nil else { return false }
        defer { isOccupied = false }
        return isOccupied
    }

    /// A timer is due; returns whether to say now that the channel is vacated.
    mutating func vacateIfStillWaiting(_ ticket: UInt64) -> Bool {
        guard vacating == ticket else { return false }
        return vacate(waiting: nil)
    }

    /// A user's first connection came; returns whether to say so.
    mutating func add(_ userID: String) -> Bool {
        leaving[userID] = nil
        return members.insert(userID).inserted
    }

    /// A user's last connection went; returns whether to say so now rather than when the ticket's timer is due.
    mutating func remove(_ userID: String, waiting ticket: UInt64?) -> Bool {
        // Nobody was told of this user, so nobody waits to be told.
        guard members.contains(userID) else { return false }
        leaving[userID] = ticket
        guard ticket == nil else { return false }
        return members.remove(userID) != nil
    }

    /// A timer is due; returns whether to say now that the user is gone.
    mutating func removeIfStillWaiting(_ userID: String, _ ticket: UInt64) -> Bool {
        guard leaving[userID] == ticket else { return false }
        return remove(userID, waiting: nil)
    }
}
