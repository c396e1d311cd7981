package import NIOCore

/// What a peer said, whole: fragments are put together, control frames stand alone.
package enum WebSocketMessage: Sendable, Equatable {
    /// The payload is in the scratch buffer; it is valid UTF-8.
    case text
    /// The payload is in the scratch buffer.
    case binary
    /// The payload, to be sent back in a pong, is in the scratch buffer.
    case ping
    case pong
    /// The peer's code, or `nil` for a close without one.
    case close(code: UInt16?)
}

/// Reads the frames of a client (RFC 6455 §5), fed with bytes as they come.
///
/// Payloads are unmasked into a scratch buffer of the caller, so that an idle connection holds no buffer and the
/// bytes that were received are never copied for being shared. After a violation the decoder is of no more use.
package struct WebSocketDecoder {
    private var pending = ByteBuffer()
    private var fragments: Fragments?
    private let maxMessageBytes: Int

    /// Makes a decoder that refuses messages, whole or in fragments, above a size.
    package init(maxMessageBytes: Int) {
        self.maxMessageBytes = maxMessageBytes
    }

    /// Received bytes that have not become part of a message.
    package var pendingBytes: Int { pending.readableBytes }

    /// The memory that the decoder holds on to.
    package var heldCapacity: Int { pending.capacity + (fragments?.bytes.capacity ?? 0) }

    /// Takes received bytes.
    package mutating func receive(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            // Reads need not end where frames do: without this, what has been read would pile up for ever.
            pending.discardReadBytes()
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// Reads the next message, or `nil` until more bytes are received.
    package mutating func next(scratch: inout ByteBuffer) throws(WebSocketViolation) -> WebSocketMessage? {
        while let header = try FrameHeader(peekingAt: pending) {
            try check(header)
            let frameBytes = header.headerBytes + header.payloadBytes
            guard pending.readableBytes >= frameBytes else { return nil }
            pending.moveReaderIndex(forwardBy: header.headerBytes)
            scratch.clear(minimumCapacity: header.payloadBytes)
            Self.unmask(&pending, count: header.payloadBytes, mask: header.mask, into: &scratch)
            if pending.readableBytes == 0 {
                pending = ByteBuffer()
            }
            if let message = try finish(header, scratch: &scratch) {
                return message
            }
        }
        return nil
    }

    private func check(_ header: FrameHeader) throws(WebSocketViolation) {
        if header.opcode.isControl {
            guard header.isFinal else { throw .fragmentedControlFrame }
            guard header.payloadBytes <= WebSocketFrame.maxControlPayloadBytes else { throw .oversizedControlFrame }
            return
        }
        if header.opcode == .continuation {
            guard fragments != nil else { throw .unexpectedContinuation }
        } else {
            guard fragments == nil else { throw .interruptedMessage }
        }
        let held = fragments?.bytes.readableBytes ?? 0
        guard header.payloadBytes <= maxMessageBytes - held else { throw .messageTooBig }
    }

    private mutating func finish(
        _ header: FrameHeader,
        scratch: inout ByteBuffer
    ) throws(WebSocketViolation) -> WebSocketMessage? {
        switch header.opcode {
        case .ping: return .ping
        case .pong: return .pong
        case .close: return .close(code: try Self.closeCode(in: scratch))
        case .text where header.isFinal:
            guard scratch.withUnsafeReadableBytes(UTF8Validator.isValid) else { throw .invalidUTF8 }
            return .text
        case .binary where header.isFinal: return .binary
        case .text, .binary, .continuation: return try collect(header, scratch: &scratch)
        }
    }

    private mutating func collect(
        _ header: FrameHeader,
        scratch: inout ByteBuffer
    ) throws(WebSocketViolation) -> WebSocketMessage? {
        var message = fragments ?? Fragments(isText: header.opcode == .text)
        fragments = nil
        if message.isText {
            guard scratch.withUnsafeReadableBytes({ message.validator.isValid($0) }) else { throw .invalidUTF8 }
        }
        message.bytes.writeImmutableBuffer(scratch)
        guard header.isFinal else {
            fragments = message
            return nil
        }
        guard message.validator.isComplete else { throw .invalidUTF8 }
        scratch = message.bytes
        return message.isText ? .text : .binary
    }

    private static func closeCode(in payload: ByteBuffer) throws(WebSocketViolation) -> UInt16? {
        guard payload.readableBytes > 0 else { return nil }
        guard let code = payload.getInteger(at: payload.readerIndex, as: UInt16.self) else { throw .malformedClose }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .malformedClose
        }
        let isText = payload.withUnsafeReadableBytes {
            UTF8Validator.isValid(UnsafeRawBufferPointer(rebasing: $0[2...]))
        }
        guard isText else { throw .invalidUTF8 }
        return code
    }

    /// Moves a payload from one buffer to the other and takes the mask off, eight bytes at a time (RFC 6455 §5.3).
    private static func unmask(_ source: inout ByteBuffer, count: Int, mask: UInt32, into target: inout ByteBuffer) {
        source.readWithUnsafeReadableBytes { bytes in
            target.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { output in
                let wide = UInt64(mask) << 32 | UInt64(mask)
                var index = 0
                while index &+ 8 <= count {
                    let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
                    output.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                    index &+= 8
                }
                while index < count {
                    output[index] = bytes[index] ^ UInt8(truncatingIfNeeded: mask >> UInt32((index & 3) * 8))
                    index &+= 1
                }
                return count
            }
        }
    }

    private struct Fragments {
        var isText: Bool
        var bytes = ByteBuffer()
        var validator = UTF8Validator()
    }
}
