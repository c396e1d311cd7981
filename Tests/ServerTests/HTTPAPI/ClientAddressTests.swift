import ServerCore
import TestSupport
import Testing

@testable import Server

/// Checks whose address counts behind proxies.
@Suite struct ClientAddressTests {
    @Test("without trusted hops the header is not looked at")
    func ignoresHeader() {
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: ["1.2.3.4"], trustedHops: 0) == "10.0.0.1")
    }

    @Test("the entry of the outermost trusted proxy counts, whatever the client put before it")
    func countsFromTheEnd() {
        let fields = ["6.6.6.6, 7.7.7.7", "8.8.8.8 ,9.9.9.9"]
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: fields, trustedHops: 1) == "9.9.9.9")
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: fields, trustedHops: 2) == "8.8.8.8")
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: fields, trustedHops: 4) == "6.6.6.6")
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: fields, trustedHops: 5) == "10.0.0.1")
        #expect(ClientAddress.resolve(peer: "10.0.0.1", forwardedFor: [], trustedHops: 1) == "10.0.0.1")
    }

    @Test(
        "ports, brackets and quotes are taken off and addresses brought to one form",
        arguments: [
            ("1.2.3.4", "1.2.3.4"), (" 1.2.3.4:80 ", "1.2.3.4"), ("\"1.2.3.4\"", "1.2.3.4"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"), ("[2001:db8::1]:443", "2001:db8::1"), ("\"[::1]:443\"", "::1"),
            ("::ffff:1.2.3.4", "1.2.3.4"), ("[::ffff:1.2.3.4]:1", "1.2.3.4"), ("::1", "::1"),
        ]
    )
    func normalizes(_ entry: String, _ address: String) {
        #expect(ClientAddress.resolve(peer: "peer", forwardedFor: [entry], trustedHops: 1) == address)
    }

    @Test(
        "what is not an address gives the peer",
        arguments: [
            "", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:99999",
            "[1.2.3.4]",
            "[::1", "::1]", "[::1]x", "[::1]:", "fe80::1%eth0", "example.test", "1.2.3.4\u{0}", "::g", ":::",
            "1:2:3:4:5:6:7:8:9",
            "01.2.3.4x", "/tmp/socket",
        ]
    )
    func refusesGarbage(_ entry: String) {
        #expect(ClientAddress.resolve(peer: "peer", forwardedFor: [entry], trustedHops: 1) == "peer")
    }

    @Test("random entries never crash")
    func survivesRandomEntries() {
        var random = SeededGenerator(seed: 5)
        let characters = Array("0123456789abcdef:.[]%, \"x\u{0}é")
        for _ in 0..<100_000 {
            let entry = String(
                (0..<Int.random(in: 0..<24, using: &random)).map { _ in characters.randomElement(using: &random) ?? ":"
                }
            )
            _ = ClientAddress.resolve(peer: "peer", forwardedFor: [entry], trustedHops: 1)
        }
    }
}

/// Checks which origins the patterns of an app allow.
@Suite struct OriginPatternTests {
    @Test(
        "a pattern allows what it names",
        arguments: [
            ("*", "https://a.test"), ("*", ""), ("any", "null"), ("https://app.test", "https://app.test"),
            ("HTTPS://App.Test", "https://APP.test"),
            ("app.test", "https://app.test"), ("app.test", "http://app.test"),
            ("app.test:8080", "http://app.test:8080"),
            ("*.app.test", "https://app.test"), ("*.app.test", "http://a.b.app.test"),
            ("https://*.app.test", "https://x.app.test"),
            ("http://localhost:*", "http://localhost:3000"), ("app.*", "https://app.test"),
        ]
    )
    func allows(_ pattern: String, _ origin: String) {
        #expect(OriginPattern.allows(origin, by: ["nothing.test", pattern]))
    }

    @Test(
        "a pattern allows nothing else",
        arguments: [
            ("https://app.test", "http://app.test"), ("https://app.test", "https://app.test.evil"),
            ("https://app.test", "https://app.test:8443"),
            ("app.test", "https://evilapp.test"), ("app.test", "https://app.test:8080"),
            ("*.app.test", "https://evilapp.test"),
            ("*.app.test", "https://app.test.evil"), ("https://*.app.test", "http://x.app.test"),
            ("https://*.app.test", "https://app.test"),
            ("*.*", "https://a.b"), ("**", "https://a.b"), ("http://localhost:*", "http://localhost"), ("app.test", ""),
            ("", "https://a.b"),
            ("https://aa*aa", "https://aaa"),
        ]
    )
    func refuses(_ pattern: String, _ origin: String) {
        #expect(!OriginPattern.allows(origin, by: [pattern]))
    }

    @Test("without patterns everything is allowed, with them a missing origin is not")
    func handlesAbsence() {
        #expect(OriginPattern.allows(nil, by: []))
        #expect(OriginPattern.allows("https://x.test", by: []))
        #expect(!OriginPattern.allows(nil, by: ["app.test"]))
        #expect(OriginPattern.allows(nil, by: ["*"]))
    }
}
