import PusherProtocol
import Testing

/// Checks the server's half of the opening handshake.
@Suite struct WebSocketHandshakeTests {
    @Test("the key of RFC 6455 §1.3 has the answer given there")
    func acceptsKey() {
        #expect(WebSocketHandshake.accept(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(WebSocketHandshake.accept(forKey: "x3JJHMbDL1EzLkh9GBhXDw==") == "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")
    }

    @Test(
        "a key is 16 bytes in base64",
        arguments: ["dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "+/+/+/+/+/+/+/+/+/+/+w=="]
    )
    func takesKeys(_ key: String) {
        #expect(WebSocketHandshake.isValidKey(key))
    }

    @Test(
        "anything else is no key",
        arguments: [
            "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25jZ===",
            "dGhlIHNhbXBsZSBub25jZ*==", "====", "========================", "dGhlIHNhbXBsZSBub25j\u{e9}==",
            " dGhlIHNhbXBsZSBub25jZQ=",
        ]
    )
    func refusesKeys(_ key: String) {
        #expect(!WebSocketHandshake.isValidKey(key))
    }

    @Test("the first offered protocol that the server speaks is taken, and none that was not offered")
    func choosesSubprotocol() {
        #expect(WebSocketHandshake.subprotocol(among: []) == nil)
        #expect(WebSocketHandshake.subprotocol(among: ["pusher-channels-protocol-7"]) == "pusher-channels-protocol-7")
        #expect(
            WebSocketHandshake.subprotocol(among: ["soap, pusher-channels-protocol-5"]) == "pusher-channels-protocol-5"
        )
        #expect(
            WebSocketHandshake.subprotocol(among: ["mqtt", "\tpusher-channels-protocol-4 ,x"])
                == "pusher-channels-protocol-4"
        )
        for offer in [
            "pusher-channels-protocol-3", "pusher-channels-protocol-8", "Pusher-Channels-Protocol-7",
            "pusher-channels-protocol-", ",", "", " ",
        ] {
            #expect(WebSocketHandshake.subprotocol(among: [offer]) == nil)
        }
    }
}
