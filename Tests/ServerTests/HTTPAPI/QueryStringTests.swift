import TestSupport
import Testing

@testable import Server

/// Checks how queries are split and read.
@Suite struct QueryStringTests {
    @Test("parameters keep their order and their raw form")
    func splits() throws {
        let query = try QueryString("b=2&a=1%2C&&=x&c&a=+%zz&d=e=f")
        #expect(query.parameters.count == 6)
        #expect(query.value(of: "a") == "1,")
        #expect(query.value(of: "a", as: .raw) == "1%2C")
        #expect(query.values(of: "a") == ["1,", "+%zz"])
        #expect(query.values(of: "a", as: .formDecoded) == ["1,", " %zz"])
        #expect(query.value(of: "c") == "")
        #expect(query.value(of: "d") == "e=f")
        #expect(query.value(of: "e") == nil)
    }

    @Test("malformed escapes stay as they are", arguments: ["%", "%4", "%g1", "%1g", "a%", "%%", "%+1", "%-1"])
    func keepsMalformedEscapes(_ text: String) throws {
        #expect(try QueryString("k=" + text).value(of: "k") == text)
    }

    @Test("escaped names are found")
    func findsEscapedNames() throws {
        let query = try QueryString("channels%5b%5D=a&channels[]=b&%63hannels[]=c")
        #expect(query.values(of: "channels[]") == ["a", "b", "c"])
    }

    @Test("bytes that are not UTF-8 do not get through as such")
    func repairsText() throws {
        #expect(try QueryString("k=%ff%C3%A9").value(of: "k") == "\u{fffd}é")
    }

    @Test("a query with too many parameters is refused")
    func boundsParameters() throws {
        let most = Array(repeating: "a=1", count: QueryString.maximumParameters).joined(separator: "&")
        #expect(try QueryString(most).parameters.count == QueryString.maximumParameters)
        #expect(throws: HTTPFailure.self) { try QueryString(most + "&b") }
    }

    @Test("percent-decoding undoes any encoding")
    func roundTrips() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0..<20, using: &random))
            let encoded = bytes.map { byte in
                let hex = String(byte, radix: 16, uppercase: Bool.random(using: &random))
                return byte > 0x2f && byte < 0x7f && Bool.random(using: &random)
                    ? String(UnicodeScalar(byte)) : "%" + (hex.count == 1 ? "0" : "") + hex
            }
            var decoded: [UInt8] = []
            PercentEncoding.decode(encoded.joined().utf8, into: &decoded)
            #expect(decoded == bytes)
        }
    }
}
