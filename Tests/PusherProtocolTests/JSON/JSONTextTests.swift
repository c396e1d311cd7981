import PusherProtocol
import Testing

/// Checks what scanned strings mean.
@Suite struct JSONTextTests {
    @Test(
        "escapes are decoded",
        arguments: [
            (#""""#, ""), (#""plain text""#, "plain text"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u20ac\ud83d\ude00""#, "Aé€😀"), (#""é€😀\u0000x""#, "é€😀\u{0}x"),
            (#""\u007f\u0080\u07ff\u0800\uffff""#, "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}"),
            (#""\uD800\uDC00\udbff\udfff""#, "\u{10000}\u{10ffff}"), (#""\\u0041""#, #"\u0041"#),
            (#""App\\Events\\Paid""#, #"App\Events\Paid"#),
        ]
    )
    func decodes(_ json: String, _ expected: String) throws {
        try Array(json.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let text = try scanner.readString()
            try scanner.finish()
            #expect(text.decodedString(in: bytes) == expected)
            #expect(text.decodedByteCount == expected.utf8.count)
            #expect(text.hasEscapes == json.contains("\\"))
            #expect(text.withDecodedBytes(in: bytes) { Array($0) } == Array(expected.utf8))
            var target = Array("x".utf8)
            text.decode(from: bytes, into: &target)
            #expect(target == Array("x".utf8) + Array(expected.utf8))
        }
    }

    @Test(
        "a comparison with a literal sees through escapes",
        arguments: [#""channel""#, #""\u0063hannel""#, #""chann\u0065\u006c""#]
    )
    func equalsLiteral(_ json: String) throws {
        try Array(json.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let text = try scanner.readString()
            #expect(text.equals("channel", in: bytes))
            #expect(!text.equals("channels", in: bytes))
            #expect(!text.equals("channe1", in: bytes))
            #expect(!text.equals("", in: bytes))
        }
    }

    @Test("an error thrown on the decoded bytes comes out", arguments: [#""a""#, #""\n""#])
    func forwardsErrors(_ json: String) throws {
        try Array(json.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let text = try scanner.readString()
            #expect(throws: JSONError(.invalidNumber, at: 3)) {
                try text.withDecodedBytes(in: bytes) { _ throws(JSONError) -> Void in
                    throw JSONError(.invalidNumber, at: 3)
                }
            }
        }
    }
}
