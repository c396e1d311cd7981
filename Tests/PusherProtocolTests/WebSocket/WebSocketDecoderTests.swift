import NIOCore
import PusherProtocol
import TestSupport
import Testing

/// Checks the reading of frames against RFC 6455.
@Suite struct WebSocketDecoderTests {
    /// A breach of the RFC and what it is to be called.
    struct Breach: Sendable {
        var bytes: [UInt8]
        var violation: WebSocketViolation
    }

    private static let breaches: [Breach] = [
        breach(.reservedBitsSet, ClientFrame(opcode: 1, payload: [], reservedBits: 4)),
        breach(.reservedBitsSet, ClientFrame(opcode: 1, payload: [], reservedBits: 2)),
        breach(.reservedBitsSet, ClientFrame(opcode: 9, payload: [], reservedBits: 1)),
        breach(.unmaskedFrame, ClientFrame(opcode: 1, payload: [65], mask: nil)),
        breach(.unmaskedFrame, ClientFrame(opcode: 8, payload: [], mask: nil)),
        breach(.fragmentedControlFrame, ClientFrame(opcode: 9, payload: [], isFinal: false)),
        breach(.fragmentedControlFrame, ClientFrame(opcode: 8, payload: [], isFinal: false)),
        breach(.oversizedControlFrame, ClientFrame(opcode: 9, payload: Array(repeating: 0, count: 126))),
        breach(.oversizedControlFrame, ClientFrame(opcode: 10, payload: Array(repeating: 0, count: 70_000))),
        breach(.oversizedControlFrame, ClientFrame(opcode: 8, payload: [3, 232] + Array(repeating: 65, count: 124))),
        breach(.lengthNotMinimal, ClientFrame(opcode: 1, payload: [65], lengthBits: 16)),
        breach(.lengthNotMinimal, ClientFrame(opcode: 1, payload: Array(repeating: 65, count: 125), lengthBits: 16)),
        breach(.lengthNotMinimal, ClientFrame(opcode: 2, payload: Array(repeating: 65, count: 126), lengthBits: 64)),
        breach(.lengthNotMinimal, ClientFrame(opcode: 2, payload: Array(repeating: 65, count: 65_535), lengthBits: 64)),
        breach(.unexpectedContinuation, ClientFrame(opcode: 0, payload: [65])),
        breach(.unexpectedContinuation, ClientFrame(opcode: 0, payload: [65], isFinal: false)),
        breach(.interruptedMessage, ClientFrame(opcode: 1, payload: [65], isFinal: false), .text("b")),
        breach(
            .interruptedMessage,
            ClientFrame(opcode: 2, payload: [], isFinal: false),
            ClientFrame(opcode: 2, payload: [])
        ),
        breach(.malformedClose, ClientFrame(opcode: 8, payload: [3])),
        breach(.invalidUTF8, .close(1000, reason: [0xff])),
        breach(.invalidUTF8, .close(1000, reason: [0xe2, 0x82])),
        breach(.invalidUTF8, ClientFrame(opcode: 1, payload: [0xc3])),
        breach(.invalidUTF8, ClientFrame(opcode: 1, payload: [0xed, 0xa0, 0x80])),
        breach(
            .invalidUTF8,
            ClientFrame(opcode: 1, payload: [0xc3], isFinal: false),
            ClientFrame(opcode: 0, payload: [0x28])
        ),
        breach(
            .invalidUTF8,
            ClientFrame(opcode: 1, payload: [0xf0, 0x9f], isFinal: false),
            ClientFrame(opcode: 0, payload: [])
        ),
    ]

    private static func breach(_ violation: WebSocketViolation, _ frames: ClientFrame...) -> Breach {
        Breach(bytes: frames.flatMap(\.bytes), violation: violation)
    }

    @Test("breaches of the RFC are named, however the bytes come", arguments: breaches)
    func namesBreaches(_ breach: Breach) {
        for pieces in [Int.max, 1, 3] {
            let decoded = Decoded(breach.bytes, pieces: pieces)
            #expect(decoded.violation == breach.violation)
            #expect(decoded.messages.isEmpty)
        }
    }

    @Test("unknown opcodes are refused", arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func refusesOpcodes(_ opcode: UInt8) {
        #expect(Decoded(ClientFrame(opcode: opcode, payload: []).bytes).violation == .unknownOpcode)
    }

    @Test("close codes are the ones that may go over the wire")
    func checksCloseCodes() {
        let allowed = Set<UInt16>([1000, 1001, 1002, 1003]).union(1007...1014).union(3000...4999)
        for code in UInt16.min...UInt16.max where code < 5100 || code % 997 == 0 {
            let decoded = Decoded(ClientFrame.close(code).bytes)
            if allowed.contains(code) {
                #expect(decoded.messages.map(\.message) == [.close(code: code)])
            } else {
                #expect(decoded.violation == .malformedClose, "\(code)")
            }
        }
        #expect(Decoded(ClientFrame(opcode: 8, payload: []).bytes).messages.map(\.message) == [.close(code: nil)])
    }

    @Test("violations close with the code that belongs to them")
    func mapsCodes() {
        #expect(WebSocketViolation.invalidUTF8.closeCode == 1007)
        #expect(WebSocketViolation.messageTooBig.closeCode == 1009)
        for violation: WebSocketViolation in [
            .reservedBitsSet, .unknownOpcode, .unmaskedFrame, .fragmentedControlFrame, .oversizedControlFrame,
            .lengthNotMinimal, .unexpectedContinuation, .interruptedMessage, .malformedClose,
        ] {
            #expect(violation.closeCode == 1002)
            #expect(violation.message.utf8.count <= 123)
        }
    }

    @Test(
        "payloads at every border of the length's form are read",
        arguments: [0, 1, 7, 8, 9, 124, 125, 126, 127, 65_535, 65_536, 65_537]
    )
    func readsLengths(_ count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 128) }
        for opcode: UInt8 in [1, 2] {
            let decoded = Decoded(ClientFrame(opcode: opcode, payload: payload).bytes)
            #expect(decoded.messages == [.init(message: opcode == 1 ? .text : .binary, payload: payload)])
        }
    }

    @Test("control frames between fragments come first, and the message whole")
    func interleaves() {
        let bytes = [
            ClientFrame(opcode: 1, payload: [0xf0, 0x9f], isFinal: false),
            ClientFrame(opcode: 9, payload: [1, 2]),
            ClientFrame(opcode: 0, payload: [], isFinal: false),
            ClientFrame(opcode: 10, payload: []),
            ClientFrame(opcode: 0, payload: [0x98, 0x80]),
            .text("next"),
        ].flatMap(\.bytes)
        let expected = Decoded(messages: [
            .init(message: .ping, payload: [1, 2]), .init(message: .pong, payload: []),
            .init(message: .text, payload: [0xf0, 0x9f, 0x98, 0x80]),
            .init(message: .text, payload: Array("next".utf8)),
        ])
        for pieces in 1...40 {
            #expect(Decoded(bytes, pieces: pieces) == expected)
        }
    }

    @Test("a text that cannot become valid is refused at the fragment in which it breaks")
    func failsFast() {
        let bytes = ClientFrame(opcode: 1, payload: Array("ok\u{fc}".utf8) + [0xf4, 0x90], isFinal: false).bytes
        #expect(Decoded(bytes).violation == .invalidUTF8)
    }

    @Test("random streams are read the same, whole and in pieces")
    func readsRandomStreams() {
        var random = SeededGenerator(seed: 31)
        for _ in 0..<400 {
            var bytes: [UInt8] = []
            var expected: [Decoded.Message] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                Self.append(&bytes, &expected, &random)
            }
            let pieces = Int.random(in: 1...300, using: &random)
            #expect(Decoded(bytes, pieces: pieces) == Decoded(messages: expected))
        }
    }

    private static func append(
        _ bytes: inout [UInt8],
        _ expected: inout [Decoded.Message],
        _ random: inout SeededGenerator
    ) {
        let isText = Bool.random(using: &random)
        let sizes = [0, 1, 5, 125, 126, 1000, 65_535, 65_536]
        let count = sizes.randomElement(using: &random) ?? 0
        let payload = isText ? (0..<count).map { _ in UInt8.random(in: 32...126, using: &random) } : random.bytes(count)
        var rest = payload[...]
        var opcode: UInt8 = isText ? 1 : 2
        repeat {
            let size = Bool.random(using: &random) ? rest.count : Int.random(in: 0...rest.count, using: &random)
            let isFinal = size == rest.count
            var frame = ClientFrame(opcode: opcode, payload: Array(rest.prefix(size)), isFinal: isFinal)
            frame.mask = random.bytes(4)
            bytes += frame.bytes
            rest = rest.dropFirst(size)
            opcode = 0
            if !isFinal, Bool.random(using: &random) {
                let ping = random.bytes(Int.random(in: 0...125, using: &random))
                bytes += ClientFrame(opcode: 9, payload: ping).bytes
                expected.append(.init(message: .ping, payload: ping))
            }
            if isFinal { break }
        } while true
        expected.append(.init(message: isText ? .text : .binary, payload: payload))
    }

    @Test("random bytes never crash the decoder, and pieces make no difference")
    func survivesNoise() {
        var random = SeededGenerator(seed: 77)
        for _ in 0..<20_000 {
            var bytes = random.bytes(Int.random(in: 0...80, using: &random))
            if !bytes.isEmpty { bytes[0] &= 0x8f }
            if bytes.count > 1 { bytes[1] |= 0x80 }
            #expect(Decoded(bytes, maxMessageBytes: 64) == Decoded(bytes, pieces: 1, maxMessageBytes: 64))
        }
    }
}
