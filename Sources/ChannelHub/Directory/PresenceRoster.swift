import PusherProtocol

/// The members of one presence channel: each user once, with the number of connections it has there.
struct PresenceRoster {
    private struct User {
        var info: [UInt8]?
        /// 0 while the user lingers after its connection broke.
        var connections: Int
        /// Tells this stay from earlier and later ones of the same user.
        var stay: UInt64
    }

    private var users: [String: User] = [:]

    /// Distinct users.
    var count: Int { users.count }

    var isEmpty: Bool { users.isEmpty }

    /// Says whether a user is in the channel.
    func contains(_ userID: String) -> Bool {
        users[userID] != nil
    }

    /// The members as they are, in no particular order.
    var members: [PresenceMember] {
        users.map { PresenceMember(userID: $0.key, userInfo: $0.value.info) }
    }

    var userIDs: [String] { Array(users.keys) }

    /// One member.
    func member(_ userID: String) -> PresenceMember? {
        users[userID].map { PresenceMember(userID: userID, userInfo: $0.info) }
    }

    /// Adds a connection of a user, whose newest info counts; returns true for the first.
    mutating func join(_ member: PresenceMember, stay: UInt64) -> Bool {
        guard var user = users[member.userID] else {
            users[member.userID] = User(info: member.userInfo, connections: 1, stay: stay)
            return true
        }
        user.connections += 1
        user.info = member.userInfo
        user.stay = stay
        users[member.userID] = user
        return false
    }

    /// Takes a connection of a user away; returns true for the last, with which the user goes unless it may linger.
    mutating func leave(_ userID: String, lingers: Bool, stay: UInt64) -> Bool {
        guard var user = users[userID] else { return false }
        user.connections -= 1
        guard user.connections <= 0 else {
            users[userID] = user
            return false
        }
        if lingers {
            user.connections = 0
            user.stay = stay
            users[userID] = user
        } else {
            users[userID] = nil
        }
        return true
    }

    /// Removes a user that has lingered since a stay ended and has not come back; returns whether it did.
    mutating func expire(_ userID: String, stay: UInt64) -> Bool {
        guard let user = users[userID], user.connections == 0, user.stay == stay else { return false }
        users[userID] = nil
        return true
    }
}
