import PusherProtocol
import TestSupport
import Testing

/// Checks the names of connections.
@Suite struct SocketIDTests {
    @Test("random ids have the form that libraries demand, are read back, and differ")
    func drawsIDs() throws {
        var seen: Set<SocketID> = []
        for _ in 0..<10_000 {
            let id = SocketID.random()
            let text = id.description
            #expect(text.wholeMatch(of: /\d+\.\d+/) != nil)
            #expect(SocketID.isWellFormed(text))
            #expect(SocketID(text) == id)
            seen.insert(id)
        }
        #expect(seen.count == 10_000)
    }

    @Test("both parts are random")
    func drawsBothParts() {
        let ids = (0..<100).map { _ in SocketID.random().description.split(separator: ".") }
        #expect(Set(ids.map { $0[0] }).count > 90)
        #expect(Set(ids.map { $0[1] }).count > 90)
    }

    @Test(
        "what the server did not write is no id",
        arguments: [
            "", ".", "1", "1.", ".1", "1.2.3", "1..2", " 1.2", "1.2 ", "+1.2", "-1.2", "1.-2", "01.2", "1.02", "1,2",
            "18446744073709551616.1", "1.99999999999999999999999", "1.2\n", "１.２", "1.2\u{0}", "0x1.2", "1e3.2",
        ]
    )
    func refuses(_ text: String) {
        #expect(SocketID(text) == nil)
    }

    @Test(
        "the largest and smallest parts are read",
        arguments: [
            "0.0", "18446744073709551615.18446744073709551615", "0.1", "10.0",
        ]
    )
    func reads(_ text: String) {
        #expect(SocketID(text)?.description == text)
    }

    @Test("well-formed is what official libraries take, whoever made it")
    func knowsForm() {
        for text in ["1.2", "01.002", "99999999999999999999999.1", "0.0"] {
            #expect(SocketID.isWellFormed(text))
        }
        for text in ["", ".", "1.", ".1", "1.2.3", "1", "a.1", "1.a", "1.2\n", " 1.2", "١.٢", "1..2", "1.2:private-a"] {
            #expect(!SocketID.isWellFormed(text))
        }
    }

    @Test("any text is read without a crash, and only to what it says")
    func survivesRandomTexts() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("0123456789..-+ \u{0}x".utf8)
        for _ in 0..<50_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = String(
                decoding: (0..<count).compactMap { _ in alphabet.randomElement(using: &random) },
                as: UTF8.self
            )
            if let id = SocketID(text) {
                #expect(id.description == text)
                #expect(SocketID.isWellFormed(text))
            }
        }
    }
}
