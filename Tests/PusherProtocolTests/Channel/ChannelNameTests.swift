import PusherProtocol
import Testing

/// Checks which names channels may have.
@Suite struct ChannelNameTests {
    @Test("letters, digits and _-=@,.; make a name")
    func acceptsTheCharacterSet() {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@,.;".utf8)
        for byte in UInt8(0)...127 {
            let name = "a" + String(UnicodeScalar(byte)) + "b"
            #expect(ChannelName.isValid(name, maxBytes: 164) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test(
        "other characters, and no characters, make none",
        arguments: [
            "", " ", "a b", "a\u{0}", "é", "e\u{301}", "日本", "😀", "a:b", "a#b", "a/b", "a\nb", "#", "#a",
            "#server-to-user", "#server-to-user-", "#Server-to-user-1", "##server-to-user-1",
        ]
    )
    func refuses(_ name: String) {
        #expect(!ChannelName.isValid(name, maxBytes: 200))
    }

    @Test("a name has at most so many bytes")
    func countsBytes() {
        #expect(ChannelName.isValid(String(repeating: "a", count: 164), maxBytes: 164))
        #expect(!ChannelName.isValid(String(repeating: "a", count: 165), maxBytes: 164))
        #expect(ChannelName.isValid(String(repeating: "a", count: 165), maxBytes: 200))
        #expect(!ChannelName.isValid("#server-to-user-" + String(repeating: "é", count: 80), maxBytes: 164))
    }

    @Test(
        "the user of a server-to-user channel is all that follows the prefix",
        arguments: [
            "41", "a b", "-", "ünï", "\u{301}x", "a#b", "#server-to-user-1", "\u{0}",
        ]
    )
    func findsUser(_ userID: String) throws {
        let name = ChannelName.serverToUser(userID)
        #expect(ChannelName.isValid(name, maxBytes: 164))
        #expect(ChannelKind(name: name).access == .serverToUser)
        let found = try #require(ChannelName.userID(ofServerToUserChannel: name))
        #expect(Array(found.utf8) == Array(userID.utf8))
    }

    @Test("other channels belong to no user", arguments: ["41", "private-server-to-user-41", "#server-to-user-", ""])
    func findsNoUser(_ name: String) {
        #expect(ChannelName.userID(ofServerToUserChannel: name) == nil)
    }
}
