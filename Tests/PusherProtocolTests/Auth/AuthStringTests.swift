import Digest
import PusherProtocol
import Testing

/// Checks auth strings against known answers of the official server libraries.
@Suite struct AuthStringTests {
    private let key = HMACKey(secret: "7ad3773142a6692b25b8")

    /// A text that was signed, and its signature.
    struct Vector: Sendable {
        var text: String
        var signature: String
    }

    private static let vectors = [
        Vector(
            text: AuthString.subscriptionText(socketID: "1234.1234", channel: "private-foobar", channelData: nil),
            signature: "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
        ),
        Vector(
            text: AuthString.subscriptionText(
                socketID: "1234.1234",
                channel: "presence-foobar",
                channelData: #"{"user_id":10,"user_info":{"name":"Mr. Pusher"}}"#
            ),
            signature: "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"
        ),
        Vector(
            text: AuthString.subscriptionText(
                socketID: "1234.1234",
                channel: "presence-foobar",
                channelData: #"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#
            ),
            signature: "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"
        ),
        Vector(
            text: AuthString.signinText(socketID: "1234.1234", userData: #"{"id":"12345"}"#),
            signature: "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
        ),
    ]

    @Test("known answers verify", arguments: vectors)
    func verifies(_ vector: Vector) throws {
        let auth = try #require(AuthString("278d425bdf160c739803:\(vector.signature)"))
        #expect(auth.key == "278d425bdf160c739803")
        #expect(auth.isSigned(over: vector.text, with: [key]))
        #expect(auth.isSigned(over: vector.text, with: [HMACKey(secret: "new"), key]))
        #expect(!auth.isSigned(over: vector.text, with: [HMACKey(secret: "new")]))
        #expect(!auth.isSigned(over: vector.text, with: []))
        #expect(!auth.isSigned(over: vector.text + " ", with: [key]))
    }

    @Test("every changed digit of a signature is noticed", arguments: vectors)
    func noticesChanges(_ vector: Vector) throws {
        for index in vector.signature.indices {
            var changed = vector.signature
            let digit: Character = changed[index] == "0" ? "1" : "0"
            changed.replaceSubrange(index...index, with: [digit])
            #expect(try !#require(AuthString("k:\(changed)")).isSigned(over: vector.text, with: [key]))
        }
    }

    @Test("a text without a colon is no auth string", arguments: ["", "key", "key;signature", "ké"])
    func refuses(_ text: String) {
        #expect(AuthString(text) == nil)
    }

    @Test("the key ends at the first colon")
    func splits() throws {
        let auth = try #require(AuthString("a::user::b"))
        #expect(auth.key == "a")
        #expect(auth.signature == ":user::b")
        #expect(try #require(AuthString(":")).key.isEmpty)
    }

    @Test(
        "hostile signatures are unequal, not fatal",
        arguments: [
            "", "0", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "g", count: 64), String(repeating: "é", count: 32), String(repeating: "\u{0}", count: 64),
            String(repeating: "f", count: 100_000),
        ]
    )
    func survives(_ signature: String) throws {
        #expect(try !#require(AuthString("k:\(signature)")).isSigned(over: "text", with: [key]))
    }

    @Test("channel data are signed on every kind of channel, byte for byte")
    func signsChannelData() {
        #expect(
            AuthString.subscriptionText(socketID: "1.2", channel: "private-a", channelData: " {} ")
                == "1.2:private-a: {} "
        )
        #expect(AuthString.subscriptionText(socketID: "1.2", channel: "private-a", channelData: nil) == "1.2:private-a")
    }
}
