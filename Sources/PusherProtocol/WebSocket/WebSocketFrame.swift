package import NIOCore

/// The frames that a server sends: whole, unmasked, without extensions (RFC 6455 §5.2).
package enum WebSocketFrame {
    /// The opcodes of RFC 6455 §5.2.
    package enum Opcode: UInt8, Sendable {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xa

        /// Close, ping and pong, which may stand between the fragments of a message.
        package var isControl: Bool { rawValue & 0x8 != 0 }
    }

    /// The longest payload of a control frame.
    package static let maxControlPayloadBytes = 125

    /// The bytes that a frame's header takes.
    package static func headerBytes(forPayload count: Int) -> Int {
        count <= 125 ? 2 : count <= 0xffff ? 4 : 10
    }

    /// Appends the header of a frame; the payload follows.
    package static func writeHeader(_ opcode: Opcode, payloadBytes: Int, to buffer: inout ByteBuffer) {
        buffer.writeInteger(0x80 | opcode.rawValue)
        switch payloadBytes {
        case ...125:
            buffer.writeInteger(UInt8(payloadBytes))
        case ...0xffff:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(payloadBytes))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(payloadBytes))
        }
    }

    /// Appends a whole frame.
    package static func write(_ opcode: Opcode, payload: ByteBufferView, to buffer: inout ByteBuffer) {
        writeHeader(opcode, payloadBytes: payload.count, to: &buffer)
        buffer.writeBytes(payload)
    }

    /// Appends a close frame; the reason is cut to what fits, at a character's border.
    package static func writeClose(code: UInt16, reason: String, to buffer: inout ByteBuffer) {
        var reason = Substring(reason)
        while reason.utf8.count > maxControlPayloadBytes - 2 {
            reason.removeLast()
        }
        writeHeader(.close, payloadBytes: 2 + reason.utf8.count, to: &buffer)
        buffer.writeInteger(code)
        buffer.writeSubstring(reason)
    }
}
