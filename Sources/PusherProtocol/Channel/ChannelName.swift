/// The rules for channel names (Pusher Channels docs, "Channel naming conventions").
package enum ChannelName {
    /// The prefix of the one kind of channel whose name starts with `#`.
    package static let serverToUserPrefix = "#server-to-user-"

    /// Says whether a name may be used: letters, digits and `_-=@,.;`, 1 to `maxBytes` bytes.
    ///
    /// `#server-to-user-` takes any user id behind it, because libraries put ids there unchecked.
    package static func isValid(_ name: String, maxBytes: Int) -> Bool {
        let bytes = name.utf8
        guard !bytes.isEmpty, bytes.count <= maxBytes else { return false }
        if bytes.first == UInt8(ascii: "#") {
            return userID(ofServerToUserChannel: name) != nil
        }
        return bytes.allSatisfy(isAllowed)
    }

    /// The user that a `#server-to-user-…` channel belongs to, or `nil` for every other name.
    package static func userID(ofServerToUserChannel name: String) -> String? {
        // By bytes: a combining character at the start of an id would make one character with the prefix's hyphen.
        guard name.utf8.starts(with: serverToUserPrefix.utf8) else { return nil }
        let userID = name.utf8.dropFirst(serverToUserPrefix.utf8.count)
        return userID.isEmpty ? nil : String(Substring(userID))
    }

    /// The channel that carries the events sent to one user.
    package static func serverToUser(_ userID: String) -> String {
        serverToUserPrefix + userID
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "="),
            UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: ";"):
            true
        default:
            false
        }
    }
}
