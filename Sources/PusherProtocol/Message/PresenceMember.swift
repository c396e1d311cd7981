/// Who a connection is in a presence channel (Pusher protocol 7, "Presence").
package struct PresenceMember: Sendable, Equatable {
    package var userID: String
    /// The raw JSON value that the member's backend signed, or `nil` where it gave none.
    package var userInfo: [UInt8]?

    /// Makes a member.
    package init(userID: String, userInfo: [UInt8]?) {
        self.userID = userID
        self.userInfo = userInfo
    }
}
