import NIOCore
import TestSupport
import Testing

@testable import RedisBackend

@Suite("What comes on a subscribing connection")
struct RedisPushReaderTests {
    private static let stream: [(String, RedisPush)] = [
        ("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", .subscribed(ByteBuffer(string: "a"))),
        ("*3\r\n$10\r\nssubscribe\r\n$2\r\nab\r\n:2\r\n", .subscribed(ByteBuffer(string: "ab"))),
        (
            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\n\r\n*3\r\n",
            .message(name: ByteBuffer(string: "a"), payload: ByteBuffer(string: "\r\n*3"))
        ),
        (
            "*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$0\r\n\r\n",
            .message(name: ByteBuffer(string: "a"), payload: ByteBuffer())
        ),
        ("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n", .unsubscribed(ByteBuffer(string: "a"))),
        ("*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n", .unsubscribed(ByteBuffer(string: "a"))),
        ("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", .other),
        ("*2\r\n$4\r\npong\r\n$2\r\n17\r\n", .pong(ByteBuffer(string: "17"))),
        ("$2\r\n18\r\n", .pong(ByteBuffer(string: "18"))),
        ("+PONG\r\n", .other), (":7\r\n", .other),
        ("-MOVED 1 a:2\r\n", .error("MOVED 1 a:2")),
        ("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nb\r\n", .other),
        ("*0\r\n", .other),
    ]

    private func read(_ pieces: [ByteBuffer], _ reader: inout RedisPushReader) throws -> [RedisPush] {
        var found: [RedisPush] = []
        for piece in pieces {
            reader.feed(piece)
            while let push = try reader.next() { found.append(push) }
        }
        return found
    }

    @Test("everything is understood, at once and byte by byte")
    func vectors() throws {
        let bytes = ByteBuffer(string: Self.stream.map(\.0).joined())
        var reader = RedisPushReader()
        #expect(try read([bytes], &reader) == Self.stream.map(\.1))
        reader = RedisPushReader()
        let drops = bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }
        #expect(try read(drops, &reader) == Self.stream.map(\.1))
    }

    @Test("messages of any bytes come through however they are cut")
    func randomCuts() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var expected: [RedisPush] = []
            var bytes = ByteBuffer()
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let name = ByteBuffer(bytes: random.bytes(1 + Int(random.next() % 9)))
                let payload = ByteBuffer(bytes: random.bytes(Int(random.next() % 300)))
                expected.append(.message(name: name, payload: payload))
                bytes.writeCommand("smessage", [name, payload])
            }
            var pieces: [ByteBuffer] = []
            while bytes.readableBytes > 0 {
                let length = Int.random(in: 1...bytes.readableBytes, using: &random)
                pieces += [bytes.readSlice(length: length)].compactMap(\.self)
            }
            var reader = RedisPushReader()
            #expect(try read(pieces, &reader) == expected)
        }
    }

    @Test(
        "what cannot be is refused",
        arguments: [
            "*17\r\n", "*-1\r\n", "*99999999999\r\n", "$99999999\r\n", "$-2\r\n", "$x\r\n", "$\r\n", "x\r\n", "$1\n",
            "*1\r\n*1\r\n$1\r\na\r\n", "$1\r\nabc", "\r\n", "*1\r\n$a\r\n", "+\(String(repeating: "a", count: 5_000))",
        ]
    )
    func hostile(text: String) {
        var reader = RedisPushReader(maxBytes: 1_000_000)
        #expect(throws: RedisError.self) { try read([ByteBuffer(string: text)], &reader) }
    }

    @Test("random bytes are refused or wait, and never more")
    func noise() {
        var random = SeededGenerator(seed: 11)
        let alphabet = Array("*$:+-0123456789\r\nab".utf8)
        for _ in 0..<5_000 {
            var reader = RedisPushReader(maxBytes: 1_000)
            let noise = (0..<40).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            do {
                _ = try read([ByteBuffer(bytes: noise)], &reader)
            } catch {
                #expect((error as? RedisError)?.code == .malformed)
            }
        }
    }
}
