import NIOCore
import TestSupport
import Testing

@testable import RedisBackend

@Suite("Replies")
struct RESPReaderTests {
    private static let vectors: [(String, RESPValue)] = [
        ("+OK\r\n", .status("OK")), ("-ERR no\r\n", .error("ERR no")), (":-42\r\n", .integer(-42)),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .bytes([])), ("*0\r\n", .array([])),
        ("$3\r\na\0b\r\n", .bytes([97, 0, 98])),
        (
            "*3\r\n$7\r\nmessage\r\n*1\r\n:1\r\n$-1\r\n",
            .array([.bytes(Array("message".utf8)), .array([.integer(1)]), .null])
        ),
    ]

    @Test("every kind is understood, at once and byte by byte", arguments: vectors)
    func kinds(text: String, value: RESPValue) throws {
        let whole = try RESPReader()
        try whole.feed(ByteBuffer(string: text))
        #expect(try whole.next() == value)
        #expect(try whole.next() == nil)
        let dripped = try RESPReader()
        for byte in text.utf8.dropLast() {
            try dripped.feed(ByteBuffer(bytes: [byte]))
            #expect(try dripped.next() == nil)
        }
        try dripped.feed(ByteBuffer(string: "\n"))
        #expect(try dripped.next() == value)
    }

    @Test("random replies come back as they were, however they are cut")
    func random() throws {
        var generator = SeededGenerator(seed: 7)
        let reader = try RESPReader()
        for _ in 0..<300 {
            let values = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Self.value(5, &generator) }
            var bytes = values.flatMap(Self.encode)[...]
            var found: [RESPValue] = []
            while !bytes.isEmpty {
                let piece = bytes.prefix(Int.random(in: 1...40, using: &generator))
                bytes = bytes.dropFirst(piece.count)
                try reader.feed(ByteBuffer(bytes: piece))
                while let value = try reader.next() { found.append(value) }
            }
            #expect(found == values)
        }
    }

    @Test(
        "what is no reply poisons the reader for good",
        arguments: ["x\r\n", ":12x\r\n", "$x\r\n", "*2\r\n%1\r\n", ">1\r\n+a\r\n", "\r\n", "*99999999999999999999\r\n"]
    )
    func malformed(text: String) throws {
        let reader = try RESPReader()
        for _ in 0..<2 {
            let error = #expect(throws: RedisError.self) {
                try reader.feed(ByteBuffer(string: text))
                _ = try reader.next()
            }
            #expect(error?.code == .malformed)
        }
        #expect(throws: RedisError.self) { try reader.feed(ByteBuffer(string: "+OK\r\n")) }
    }

    @Test("a reply beyond the bounds is refused before it is held")
    func bounds() throws {
        let wide = try RESPReader()
        try wide.feed(ByteBuffer(string: "*\(RESPReader.maxElements + 1)\r\n"))
        #expect(throws: RedisError.self) { try wide.next() }
        let long = try RESPReader(maxReplyBytes: 100)
        try long.feed(ByteBuffer(string: "$1000\r\n"))
        #expect(try long.next() == nil)
        try long.feed(ByteBuffer(bytes: [UInt8](repeating: 0, count: 200)))
        #expect(throws: RedisError.self) { try long.next() }
        let deep = try RESPReader()
        try deep.feed(ByteBuffer(string: String(repeating: "*1\r\n", count: 100)))
        #expect(throws: RedisError.self) { try deep.next() }
    }

    @Test("random bytes never do more than throw")
    func fuzz() throws {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array("+-:$*0123456789\r\nabc".utf8)
        for _ in 0..<5_000 {
            let reader = try RESPReader(maxReplyBytes: 1 << 16)
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            do {
                try reader.feed(ByteBuffer(bytes: bytes))
                while try reader.next() != nil {}
            } catch {
                #expect(error.code == .malformed)
            }
        }
    }

    private static func value(_ depth: Int, _ generator: inout SeededGenerator) -> RESPValue {
        switch Int.random(in: 0...(depth > 0 ? 5 : 4), using: &generator) {
        case 0: .null
        case 1: .integer(Int64.random(in: .min ... .max, using: &generator))
        case 2: .bytes(generator.bytes(Int.random(in: 0...30, using: &generator)))
        case 3: .status("OK \(Int.random(in: 0...9, using: &generator))")
        case 4: .error("ERR \(Int.random(in: 0...9, using: &generator))")
        default: .array((0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth - 1, &generator) })
        }
    }

    private static func encode(_ value: RESPValue) -> [UInt8] {
        switch value {
        case .null: Array("$-1\r\n".utf8)
        case .integer(let number): Array(":\(number)\r\n".utf8)
        case .bytes(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        case .status(let text): Array("+\(text)\r\n".utf8)
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .array(let elements): Array("*\(elements.count)\r\n".utf8) + elements.flatMap(encode)
        }
    }
}
