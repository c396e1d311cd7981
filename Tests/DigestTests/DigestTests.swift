import Testing

@testable import Digest

@Suite("Digests")
struct DigestTests {
    /// Vectors of the Pusher documents, recomputed with other implementations.
    static let signatures: [(secret: String, text: String, hex: String)] = [
        (
            "7ad3773142a6692b25b8", "1234.1234:private-foobar",
            "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
        ),
        (
            "7ad3773142a6692b25b8",
            #"1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#,
            "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"
        ),
        (
            "7ad3773142a6692b25b8", #"1234.1234::user::{"id":"12345"}"#,
            "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
        ),
        ("secret", #"{"hello":"world"}"#, "2677ad3e7c090b2fa2c0fb13020d66d5420879b8316eb356a2d60fb9073bc778"),
    ]

    @Test("HMAC-SHA256 gives the documented signatures", arguments: signatures)
    func knownSignatures(secret: String, text: String, hex: String) {
        let key = HMACKey(secret: secret)
        #expect(key.sign(text).hex == hex)
        #expect(key.sign(text).matches(hex: hex))
        #expect(!key.sign(text).matches(hex: hex.uppercased()))
    }

    @Test("a key longer than a block signs like RFC 4231 test case 6")
    func longKey() {
        let key = HMACKey(secret: [UInt8](repeating: 0xaa, count: 131))
        let digest = key.sign("Test Using Larger Than Block-Size Key - Hash Key First")
        #expect(digest.hex == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test(
        "a digest does not match other digits",
        arguments: ["", "58", String(repeating: "z", count: 64), String(repeating: "0", count: 64)]
    )
    func mismatches(text: String) {
        #expect(!HMACKey(secret: "7ad3773142a6692b25b8").sign("1234.1234:private-foobar").matches(hex: text))
    }

    @Test("MD5 and SHA-256 of known texts")
    func hashes() {
        #expect(MD5.hash([]).hex == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(MD5.hash(Array("{}".utf8)).hex == "99914b932bd37a50b983c5e7c90ae93b")
        #expect(
            SHA256.hash(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test("contexts that are used again give what new ones give")
    func reusesContexts() {
        let scratch = DigestScratch()
        for (secret, text, hex) in Self.signatures + Self.signatures.reversed() {
            let bytes = Array(text.utf8)
            #expect(bytes.withUnsafeBytes { scratch.sign($0, with: HMACKey(secret: secret)) }.hex == hex)
            #expect(bytes.withUnsafeBytes { scratch.md5(of: $0) }.hex == MD5.hash(bytes).hex)
        }
        #expect([].withUnsafeBytes { scratch.md5(of: $0) }.hex == "d41d8cd98f00b204e9800998ecf8427e")
    }

    @Test("one key signs on many threads at once")
    func concurrentSigning() async {
        let key = HMACKey(secret: "secret")
        let expected = key.sign("text").hex
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<1_000).allSatisfy { _ in key.sign("text").matches(hex: expected) }
                }
            }
            for await isRight in group {
                #expect(isRight)
            }
        }
    }
}
