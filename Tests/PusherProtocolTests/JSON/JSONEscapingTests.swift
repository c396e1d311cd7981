import NIOCore
import PusherProtocol
import TestSupport
import Testing

/// Checks that what is written as a JSON string reads back as the same text.
@Suite struct JSONEscapingTests {
    @Test(
        "only what must be escaped is escaped",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#),
            ("\u{8}\u{c}\n\r\t", #""\b\f\n\r\t""#),
            ("\u{0}\u{1}\u{b}\u{1f}\u{7f}", "\"\\u0000\\u0001\\u000b\\u001f\u{7f}\""),
            ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
        ]
    )
    func escapes(_ text: String, _ expected: String) {
        var buffer = ByteBuffer()
        buffer.writeJSONString(text)
        #expect(String(buffer: buffer) == expected)
        var array: [UInt8] = []
        array.appendJSONString(text)
        #expect(String(decoding: array, as: UTF8.self) == expected)
    }

    @Test("a JSON text becomes the string that contains it, at any depth")
    func nests() throws {
        let inner = #"{"user_data":"{\"id\":\"41\"}", "n":[1,2]}"#
        var once: [UInt8] = []
        once.appendJSONString(inner)
        var twice: [UInt8] = []
        once.withUnsafeBytes { twice.appendJSONString(utf8: $0) }
        #expect(try decode(decode(twice)) == Array(inner.utf8))
    }

    @Test("content that is escaped already is copied as it came")
    func copiesRaw() throws {
        let json = #""\u0041\/é""#
        try Array(json.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let text = try scanner.readString()
            var buffer = ByteBuffer()
            buffer.writeJSONString(text, from: bytes)
            #expect(String(buffer: buffer) == json)
            var array: [UInt8] = []
            array.appendJSONString(text, from: bytes)
            #expect(String(decoding: array, as: UTF8.self) == json)
        }
    }

    @Test("random strings survive escaping and decoding, alone and nested")
    func roundTrips() throws {
        var random = SeededGenerator(seed: 0x4a53_4f4e)
        for _ in 0..<20_000 {
            let text = Self.randomText(&random)
            var json: [UInt8] = []
            json.appendJSONString(text)
            var buffer = ByteBuffer()
            buffer.writeJSONString(text)
            #expect(buffer.readableBytesView.elementsEqual(json))
            #expect(try decode(json) == Array(text.utf8))
            var nested: [UInt8] = []
            json.withUnsafeBytes { nested.appendJSONString(utf8: $0) }
            #expect(try decode(nested) == json)
        }
    }

    static func randomText(_ random: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<40, using: &random) {
            let limit: UInt32 =
                [0x20, 0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000].randomElement(using: &random) ?? 0x80
            let value = UInt32.random(in: 0..<limit, using: &random)
            text.append(Unicode.Scalar(value) ?? "\"")
        }
        return String(text)
    }

    private func decode(_ json: [UInt8]) throws -> [UInt8] {
        try json.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let text = try scanner.readString()
            try scanner.finish()
            var decoded: [UInt8] = []
            text.decode(from: bytes, into: &decoded)
            return decoded
        }
    }
}
