import PusherProtocol
import Testing

/// Checks the scanner's verdicts and its pull interface.
@Suite struct JSONScannerTests {
    @Test(
        "valid texts are accepted",
        arguments: [
            "null", "true", "false", "0", "-0", "1", "-12", "1.5", "0.0e0", "1E+2", "1e-2",
            "123456789012345678901234567890",
            "1e999", #""""#, #""a""#, " \t\r\n1 \t\r\n", "[]", "[ ]", "{}", "{ }", "[[]]", "[[],[]]", "[1,2]",
            "[1 , 2]",
            #"{"a":1}"#, #"{ "a" : 1 , "b" : [ ] }"#, #"{"a":{"b":{}}}"#, #"{"a":1,"a":2}"#, #"{"":0}"#,
            #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9\u20AC""#, #""\ud83d\ude00""#, #""\uDBFF\uDFFF""#,
            "\"\u{7f}\"",
            "\"é\"", "\"€\"", "\"😀\"", "\"\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\"", "\"\u{d7ff}\u{e000}\"",
            "\"\u{2028}\u{2029}\"", #"[null,true,false,-1.0e+10,"x",{},[]]"#, #""12345678""#, #""1234567\n""#,
        ]
    )
    func accepts(_ text: String) throws {
        try validate(Array(text.utf8))
    }

    @Test(
        "texts that are not JSON are refused",
        arguments: [
            "", " ", "nul", "nulL", "True", "truex", "falsee", "n", "+1", "01", "-", "-01", "-a", "1.", ".5", "1.e1",
            "1e", "1e+",
            "0x10", "1_0", "NaN", "Infinity", "1 2", "1,", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{",
            "}", "{]",
            #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":1,"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a" 1}"#, #"{a:1}"#,
            #"{1:1}"#,
            #"{'a':1}"#, #"{"a":1]"#, #"{"a":1 "b":2}"#, #"{"a"::1}"#, "'a'", "\"", "\"a", #""\"#, #""\""#, #""\x""#,
            #""\a""#,
            #""\u""#, #""\u12""#, #""\u123""#, #""\u123g""#, #""\U1234""#, #""\u+123""#, "\"\n\"", "\"\t\"",
            "\"\u{0}\"",
            "\"1234567\u{1f}\"", "{}{}", "[] ]", "// c\n1", "/* c */1", "[1]x", "\u{feff}1", "\u{a0}1", "\u{b}1",
            "1\u{0}",
        ]
    )
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try validate(Array(text.utf8)) }
    }

    @Test(
        "an escaped surrogate without its partner is refused",
        arguments: [
            #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\ud800""#, #""\ud800\u0041""#,
            #""\ude00\ud83d""#, #""\ud83d\u""#, #""\ud83d\ude0""#, #""\ud83d\"#, #""\ud83d""#,
        ]
    )
    func refusesLoneSurrogates(_ text: String) {
        #expect(throws: JSONError.self) { try validate(Array(text.utf8)) }
    }

    @Test(
        "malformed UTF-8 is refused",
        arguments: [
            [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf],
            [0xe2, 0x82],
            [0xe2, 0x82, 0x41], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80],
            [0xf0, 0x8f, 0xbf, 0xbf],
            [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe],
        ] as [[UInt8]]
    )
    func refusesMalformedUTF8(_ content: [UInt8]) {
        for padding in 0..<9 {
            let filler = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            #expect(throws: JSONError.self) { try validate([0x22] + filler + content + [0x22]) }
            #expect(throws: JSONError.self) { try validate([0x22] + filler + content + filler + [0x22]) }
            #expect(throws: JSONError.self) { try validate([0x22] + filler + content) }
        }
    }

    @Test("every truncation of a valid text is refused")
    func refusesTruncations() throws {
        let bytes = Array(Self.sample.utf8)
        try validate(bytes)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try validate(Array(bytes[..<length])) }
        }
    }

    @Test("nesting is accepted up to the limit, whether skipped or pulled")
    func limitsDepth() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let core = open == "[" ? "" : "1"
            let deepest = String(repeating: open, count: 64) + core + String(repeating: close, count: 64)
            try validate(Array(deepest.utf8))
            let tooDeep = open + deepest + close
            #expect(throws: JSONError.self) { try validate(Array(tooDeep.utf8)) }
        }
        let unclosed = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError(.tooDeep, at: 64)) { try validate(unclosed) }
        try Array("[[1]]".utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, maximumDepth: 1)
            try scanner.beginArray()
            #expect(try scanner.nextElement() == .array)
            #expect(throws: JSONError(.tooDeep, at: 1)) { try scanner.beginArray() }
            var skipper = JSONScanner(bytes, maximumDepth: 1)
            try skipper.beginArray()
            _ = try skipper.nextElement()
            #expect(throws: JSONError(.tooDeep, at: 1)) { try skipper.skipValue() }
        }
    }

    @Test("an object is read member by member")
    func pullsMembers() throws {
        let json =
            #" { "event" : "a\nb" , "n":-7, "ok":true,"no":false,"z":null, "list":[1,[2],{}], "o":{"x":{"y":[]}} } "#
        try Array(json.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            var keys: [String] = []
            try scanner.beginObject()
            while let member = try scanner.nextMember() {
                keys.append(member.key.decodedString(in: bytes))
                switch member.kind {
                case .string: #expect(try scanner.readString().decodedString(in: bytes) == "a\nb")
                case .number: #expect(try scanner.readInteger() == -7)
                case .bool: #expect(try scanner.readBool() == (keys.last == "ok"))
                case .null: try scanner.readNull()
                case .array: #expect(try text(scanner.skipValue(), in: bytes) == "[1,[2],{}]")
                case .object: #expect(try text(scanner.skipValue(), in: bytes) == #"{"x":{"y":[]}}"#)
                }
            }
            try scanner.finish()
            #expect(keys == ["event", "n", "ok", "no", "z", "list", "o"])
        }
    }

    @Test("arrays and objects are entered and left in any nesting")
    func pullsNestedContainers() throws {
        try Array(#"[[],{"a":[{"b":1}]},3]"#.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            #expect(try count(&scanner) == 7)
            try scanner.finish()
        }
    }

    @Test("a value of another kind than asked for is an error that says so")
    func namesExpectedKind() throws {
        try Array("[1]".utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            #expect(throws: JSONError(.expectedObject, at: 0)) { try scanner.beginObject() }
            try scanner.beginArray()
            _ = try scanner.nextElement()
            #expect(throws: JSONError(.expectedString, at: 1)) { try scanner.readString() }
            #expect(throws: JSONError(.expectedBool, at: 1)) { try scanner.readBool() }
            #expect(throws: JSONError(.expectedNull, at: 1)) { try scanner.readNull() }
            #expect(throws: JSONError(.expectedArray, at: 1)) { try scanner.beginArray() }
        }
    }

    @Test(
        "integers are exact or not integers at all",
        arguments: [
            ("0", 0), ("-0", 0), ("42", 42), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1.0", nil), ("1e2", nil),
            ("99999999999999999999", nil),
        ] as [(String, Int?)]
    )
    func readsIntegers(_ text: String, _ expected: Int?) throws {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            #expect(try scanner.readInteger() == expected)
            try scanner.finish()
        }
    }

    @Test("a buffer without storage is an unexpected end")
    func refusesEmptyBuffer() {
        #expect(throws: JSONError(.unexpectedEnd, at: 0)) {
            try JSONScanner.validate(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    static let sample = #"""
        {"name":"order-paid","channels":["private-o1","presence-lobby"],"data":"{\"id\":9,\"t\":\"\u00e9€😀\ud83d\ude00\"}",
         "socket_id":"12.34","info":null,"n":[-1.5e+10,0,true,false,{}],"deep":{"a":[[[{"b":"1234567890"}]]]}}
        """#

    private func validate(_ bytes: [UInt8]) throws(JSONError) {
        let outcome: Result<Void, JSONError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try JSONScanner.validate(bytes))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func text(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    // Counts values by entering every container.
    private func count(_ scanner: inout JSONScanner) throws -> Int {
        var total = 1
        switch try scanner.peekKind() {
        case .object:
            try scanner.beginObject()
            while try scanner.nextMember() != nil { total += try count(&scanner) }
        case .array:
            try scanner.beginArray()
            while try scanner.nextElement() != nil { total += try count(&scanner) }
        default:
            try scanner.skipValue()
        }
        return total
    }
}
