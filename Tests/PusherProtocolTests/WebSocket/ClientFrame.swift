import NIOCore
import PusherProtocol

/// Writes frames as a client does: masked, whole or in part, right or wrong.
struct ClientFrame {
    var opcode: UInt8
    var payload: [UInt8]
    var isFinal = true
    var reservedBits: UInt8 = 0
    var mask: [UInt8]? = [0x37, 0xfa, 0x21, 0x3d]
    /// The form of the length: 7, 16 or 64 bits; `nil` is the shortest.
    var lengthBits: Int?

    /// A text message in one frame.
    static func text(_ text: String) -> ClientFrame {
        ClientFrame(opcode: 1, payload: Array(text.utf8))
    }

    /// A close frame with a code and the bytes of a reason.
    static func close(_ code: UInt16, reason: [UInt8] = []) -> ClientFrame {
        ClientFrame(opcode: 8, payload: [UInt8(code >> 8), UInt8(code & 0xff)] + reason)
    }

    /// The frame as it goes over the wire.
    var bytes: [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reservedBits << 4 | opcode]
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch lengthBits ?? (payload.count <= 125 ? 7 : payload.count <= 0xffff ? 16 : 64) {
        case 7: bytes.append(maskBit | UInt8(payload.count))
        case 16:
            bytes.append(maskBit | 126)
            bytes += (0..<2).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        default:
            bytes.append(maskBit | 127)
            bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        guard let mask else { return bytes + payload }
        bytes += mask
        bytes += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        return bytes
    }
}

/// What a decoder made of some bytes: each message with its payload, and how it ended.
struct Decoded: Equatable {
    /// One message with its payload.
    struct Message: Equatable {
        var message: WebSocketMessage
        var payload: [UInt8]
    }

    var messages: [Message] = []
    var violation: WebSocketViolation?

    /// Feeds bytes in pieces of a size to a fresh decoder.
    init(_ bytes: [UInt8], pieces: Int = .max, maxMessageBytes: Int = 1 << 20) {
        var decoder = WebSocketDecoder(maxMessageBytes: maxMessageBytes)
        var rest = bytes[...]
        while !rest.isEmpty, violation == nil {
            feed(Array(rest.prefix(pieces)), to: &decoder)
            rest = rest.dropFirst(pieces)
        }
    }

    /// Makes an expectation.
    init(messages: [Message], violation: WebSocketViolation? = nil) {
        self.messages = messages
        self.violation = violation
    }

    private mutating func feed(_ piece: [UInt8], to decoder: inout WebSocketDecoder) {
        var scratch = ByteBuffer()
        decoder.receive(ByteBuffer(bytes: piece))
        do {
            while let message = try decoder.next(scratch: &scratch) {
                messages.append(Message(message: message, payload: Array(scratch.readableBytesView)))
            }
        } catch {
            violation = error
        }
    }
}
