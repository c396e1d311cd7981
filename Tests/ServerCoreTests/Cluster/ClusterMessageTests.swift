import NIOCore
import PusherProtocol
import ServerCore
import TestSupport
import Testing

@Suite("A cluster message")
struct ClusterMessageTests {
    private static let version = ClusterVersion(current: 1_764_000_000_000_001, previous: 7)
    private static let event = ClusterEvent(
        publisher: .max,
        sequence: 3,
        except: SocketID("12.34"),
        frame: ByteBuffer(bytes: [0x81, 2, 0x7b, 0x7d])
    )

    static let messages: [ClusterMessage] = [
        .memberAdded(PresenceMember(userID: "a b {}", userInfo: Array(#"{"n":1}"#.utf8)), version),
        .memberAdded(PresenceMember(userID: "", userInfo: nil), version),
        .memberRemoved(userID: "ü 1 ", version),
        .subscriptionCount(0, version),
        .subscriptionCount(12_345, version),
        .retained(event, version),
        .event(event),
        .event(ClusterEvent(publisher: 0, sequence: 0, except: nil, frame: ByteBuffer())),
        .close(code: 4009, reason: "signed out"),
        .close(code: 4200, reason: ""),
        .appChanged,
    ]

    @Test("it reads back as it was written", arguments: messages)
    func roundTrip(message: ClusterMessage) {
        #expect(ClusterMessage(message.encoded) == message)
    }

    @Test("what scripts compose is the form that is documented")
    func form() {
        #expect(String(buffer: Self.messages[2].encoded) == "-1764000000000001 7 5 ü 1 ")
        #expect(String(buffer: Self.messages[4].encoded) == "#1764000000000001 7 12345 ")
        #expect(String(buffer: Self.messages[0].encoded) == #"+1764000000000001 7 6 a b {}{"n":1}"#)
    }

    @Test(
        "malformed text is refused",
        arguments: [
            "", "?", "+", "+1", "+1 ", "+1 2 ", "+1 2 3 ab", "+1 2 -1 ", "+a 2 1 b", "- 1 1 a", "-1 2 1 ab",
            "#1 2 3", "#1 2 99999999999999999999 ", "#18446744073709551616 2 3 ", "V1 2 ", "V1 2 X", "E", "E12345678",
            "A1", "T", "T1",
        ]
    )
    func malformed(text: String) {
        #expect(ClusterMessage(ByteBuffer(string: text)) == nil)
    }

    @Test("an excepted socket that is no socket id is refused")
    func malformedSocket() {
        var bytes = ByteBuffer(string: "E")
        bytes.writeRepeatingByte(0, count: 16)
        bytes.writeBytes([3] + Array("x.y".utf8))
        #expect(ClusterMessage(bytes) == nil)
    }

    @Test("mutated messages are read or refused, and what is read is written the same way")
    func mutated() {
        var generator = SeededGenerator(seed: 44)
        for _ in 0..<20_000 {
            var bytes = Array(Self.messages.randomElement(using: &generator)!.encoded.readableBytesView)
            for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            if let message = ClusterMessage(ByteBuffer(bytes: bytes)) {
                #expect(ClusterMessage(message.encoded) == message)
            }
        }
    }
}
