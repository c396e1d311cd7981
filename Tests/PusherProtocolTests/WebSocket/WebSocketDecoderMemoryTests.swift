import NIOCore
import PusherProtocol
import Testing

/// Checks that nobody can make a decoder hold more than one message.
@Suite struct WebSocketDecoderMemoryTests {
    private func header(length: UInt64) -> [UInt8] {
        [0x82, 0xff] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [0, 0, 0, 0]
    }

    @Test(
        "a declared length beyond the limit is refused before a byte of it came",
        arguments: [
            1025, 65_536, 1 << 31, 1 << 32, 1 << 62, UInt64(Int64.max), UInt64.max, 1 << 63,
        ]
    )
    func refusesDeclaredLength(_ length: UInt64) {
        let bytes =
            length > 0xffff
            ? header(length: length) : ClientFrame(opcode: 2, payload: Array(repeating: 0, count: Int(length))).bytes
        #expect(Decoded(Array(bytes.prefix(14)), maxMessageBytes: 1024).violation == .messageTooBig)
    }

    @Test("the limit counts all fragments of a message, and then starts anew")
    func countsFragments() {
        let part = Array(repeating: UInt8(65), count: 512)
        let fits = [ClientFrame(opcode: 1, payload: part, isFinal: false), ClientFrame(opcode: 0, payload: part)]
            .flatMap(\.bytes)
        #expect(Decoded(fits + fits, maxMessageBytes: 1024).messages.count == 2)
        let exceeds = [
            ClientFrame(opcode: 1, payload: part, isFinal: false),
            ClientFrame(opcode: 0, payload: part, isFinal: false),
            ClientFrame(opcode: 0, payload: [65]),
        ].flatMap(\.bytes)
        #expect(Decoded(exceeds, maxMessageBytes: 1024).violation == .messageTooBig)
    }

    @Test("control frames pass beside a message that has used up the limit")
    func letsControlFramesPass() {
        let bytes = [
            ClientFrame(opcode: 1, payload: Array(repeating: 65, count: 64), isFinal: false),
            ClientFrame(opcode: 9, payload: Array(repeating: 1, count: 125)), ClientFrame(opcode: 0, payload: []),
        ].flatMap(\.bytes)
        #expect(Decoded(bytes, maxMessageBytes: 64).messages.map(\.message) == [.ping, .text])
    }

    @Test("a peer whose reads never end at a frame's end does not make the decoder keep what it has read")
    func discardsWhatIsRead() throws {
        var decoder = WebSocketDecoder(maxMessageBytes: 1024)
        var scratch = ByteBuffer()
        let frame = ClientFrame(opcode: 1, payload: Array(repeating: 65, count: 100)).bytes
        let stream = frame + frame
        var received = 0
        // Every piece ends in the middle of a frame.
        decoder.receive(ByteBuffer(bytes: frame.prefix(50)))
        for _ in 0..<20_000 {
            decoder.receive(ByteBuffer(bytes: stream[50..<50 + frame.count]))
            while try decoder.next(scratch: &scratch) != nil {
                received += 1
            }
            #expect(decoder.pendingBytes == 50)
        }
        #expect(received == 20_000)
        #expect(decoder.heldCapacity <= 4096)
    }

    @Test("a decoder between messages holds nothing")
    func holdsNothing() throws {
        var decoder = WebSocketDecoder(maxMessageBytes: 1 << 20)
        var scratch = ByteBuffer()
        decoder.receive(ByteBuffer(bytes: ClientFrame(opcode: 2, payload: Array(repeating: 1, count: 200_000)).bytes))
        #expect(try decoder.next(scratch: &scratch) == .binary)
        #expect(decoder.heldCapacity == 0)
    }
}
