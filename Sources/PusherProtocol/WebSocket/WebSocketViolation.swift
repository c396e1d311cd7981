/// A breach of RFC 6455 by the peer; the connection ends with the close code that belongs to it.
package enum WebSocketViolation: Error, Sendable, Equatable {
    case reservedBitsSet
    case unknownOpcode
    case unmaskedFrame
    case fragmentedControlFrame
    case oversizedControlFrame
    case lengthNotMinimal
    case unexpectedContinuation
    case interruptedMessage
    case malformedClose
    case invalidUTF8
    case messageTooBig

    /// The status code of RFC 6455 §7.4.1.
    package var closeCode: UInt16 {
        switch self {
        case .invalidUTF8: 1007
        case .messageTooBig: 1009
        default: 1002
        }
    }

    /// A text for the close frame.
    package var message: String {
        switch self {
        case .reservedBitsSet: "Reserved bits are set"
        case .unknownOpcode: "Unknown opcode"
        case .unmaskedFrame: "Frames from clients must be masked"
        case .fragmentedControlFrame: "Control frames must not be fragmented"
        case .oversizedControlFrame: "Control frame payload exceeds 125 bytes"
        case .lengthNotMinimal: "Payload length is not encoded minimally"
        case .unexpectedContinuation: "Continuation without a message"
        case .interruptedMessage: "Expected a continuation frame"
        case .malformedClose: "Malformed close frame"
        case .invalidUTF8: "Text is not valid UTF-8"
        case .messageTooBig: "Message is too big"
        }
    }
}
