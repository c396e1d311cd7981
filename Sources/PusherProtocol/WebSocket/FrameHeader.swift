import NIOCore

/// The header of a client's frame (RFC 6455 §5.2).
struct FrameHeader {
    var isFinal: Bool
    var opcode: WebSocketFrame.Opcode
    var payloadBytes: Int
    /// The mask's four bytes in the order of the wire, the first in the lowest byte.
    var mask: UInt32
    var headerBytes: Int

    /// Reads the header at the front of a buffer, or `nil` while it is incomplete.
    init?(peekingAt buffer: ByteBuffer) throws(WebSocketViolation) {
        let start = buffer.readerIndex
        guard let first = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
        guard first & 0x70 == 0 else { throw .reservedBitsSet }
        guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0f) else { throw .unknownOpcode }
        guard let second = buffer.getInteger(at: start + 1, as: UInt8.self) else { return nil }
        guard second & 0x80 != 0 else { throw .unmaskedFrame }
        guard let (payloadBytes, lengthBytes) = try Self.length(second & 0x7f, buffer: buffer, at: start + 2),
            let mask = buffer.getInteger(at: start + 2 + lengthBytes, endianness: .little, as: UInt32.self)
        else { return nil }
        self.isFinal = first & 0x80 != 0
        self.opcode = opcode
        self.payloadBytes = payloadBytes
        self.mask = mask
        self.headerBytes = 2 + lengthBytes + 4
    }

    private static func length(
        _ short: UInt8,
        buffer: ByteBuffer,
        at index: Int
    ) throws(WebSocketViolation) -> (payloadBytes: Int, lengthBytes: Int)? {
        switch short {
        case 126:
            guard let length = buffer.getInteger(at: index, as: UInt16.self) else { return nil }
            guard length > 125 else { throw .lengthNotMinimal }
            return (Int(length), 2)
        case 127:
            guard let length = buffer.getInteger(at: index, as: UInt64.self) else { return nil }
            guard length > 0xffff else { throw .lengthNotMinimal }
            guard let count = Int(exactly: length) else { throw .messageTooBig }
            return (count, 8)
        default:
            return (Int(short), 0)
        }
    }
}
