import PusherProtocol
import Testing

/// Checks what a client may say of itself in the connection URL.
@Suite struct ProtocolVersionTests {
    @Test("the versions in use are taken", arguments: ["4", "5", "6", "7"])
    func accepts(_ version: String) {
        #expect(ProtocolVersion.refusal(protocolVersion: version, libraryVersion: nil) == nil)
        #expect(ProtocolVersion.refusal(protocolVersion: version, libraryVersion: "8.6.0") == nil)
        #expect(ProtocolVersion.refusal(protocolVersion: version, libraryVersion: "") == nil)
    }

    @Test(
        "other versions are refused with 4007",
        arguments: [
            "1", "2", "3", "8", "-7", "0", "seven", "7.0", "99999999999999999999", " 7", "7x",
        ]
    )
    func refuses(_ version: String) {
        let code = ProtocolVersion.refusal(protocolVersion: version, libraryVersion: nil)
        #expect(code == .unsupportedProtocolVersion)
        #expect(code?.rawValue == 4007)
    }

    @Test("no version is refused with 4008")
    func demandsVersion() {
        #expect(ProtocolVersion.refusal(protocolVersion: nil, libraryVersion: "8.6.0")?.rawValue == 4008)
        #expect(ProtocolVersion.refusal(protocolVersion: "", libraryVersion: nil)?.rawValue == 4008)
    }

    @Test(
        "malformed library versions are refused with 4006",
        arguments: [
            "x", "v1", "1 0", "1\n", "é", "1/2", "<script>", String(repeating: "1", count: 65), "-1", ".1", "1\u{0}",
        ]
    )
    func refusesLibraries(_ version: String) {
        #expect(ProtocolVersion.refusal(protocolVersion: "7", libraryVersion: version)?.rawValue == 4006)
    }

    @Test(
        "library versions as libraries write them are taken",
        arguments: [
            "8.6.0", "8.4.0-rc2", "0.2.0", "1", "10.1.5+build_3", "2.0.0b1", "9.9.9-alpha.1",
        ]
    )
    func acceptsLibraries(_ version: String) {
        #expect(ProtocolVersion.refusal(protocolVersion: "7", libraryVersion: version) == nil)
    }

    @Test("no close code is in 43xx, which clients take as a refusal for good")
    func closesInRange() {
        for code in CloseCode.allCases {
            #expect((4000..<4300).contains(code.rawValue))
            #expect(!code.defaultMessage.isEmpty)
        }
    }
}
