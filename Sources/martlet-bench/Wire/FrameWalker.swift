/// Counts the frames of a server's stream by their headers alone (RFC 6455 §5.2).
///
/// A server's frames are not masked. The walker looks at no payload byte; what it keeps is where it stands.
struct FrameWalker {
    private var payloadLeft = 0
    private var length = 0
    private var headerBytes: UInt8 = 0
    private var lengthBytes: UInt8 = 0
    private var opcode: UInt8 = 0
    private var isCounted = false

    /// Walks over the next bytes and returns how many counted frames ended among them.
    ///
    /// The closure is called at the start of each frame with its opcode and as much of its payload as is at hand, and
    /// says whether the frame counts.
    @inline(__always)
    mutating func walk(
        _ bytes: UnsafeRawBufferPointer,
        _ starts: (UInt8, UnsafeRawBufferPointer) throws -> Bool
    ) rethrows -> Int {
        var position = 0
        var ended = 0
        let count = bytes.count
        while position < count {
            if payloadLeft > 0 {
                let taken = min(payloadLeft, count &- position)
                payloadLeft &-= taken
                position &+= taken
                if payloadLeft == 0, isCounted { ended &+= 1 }
                continue
            }
            let isComplete = receiveHeaderByte(bytes[position])
            position &+= 1
            guard isComplete else { continue }
            headerBytes = 0
            payloadLeft = length
            let visible = bytes[position..<min(count, position &+ length)]
            isCounted = try starts(opcode, UnsafeRawBufferPointer(rebasing: visible))
            if length == 0, isCounted { ended &+= 1 }
        }
        return ended
    }

    @inline(__always)
    private mutating func receiveHeaderByte(_ byte: UInt8) -> Bool {
        defer { headerBytes &+= 1 }
        switch headerBytes {
        case 0:
            opcode = byte & 0x0f
            return false
        case 1:
            let code = byte & 0x7f
            length = code < 126 ? Int(code) : 0
            lengthBytes = code < 126 ? 0 : code == 126 ? 2 : 8
        default:
            length = length << 8 | Int(byte)
        }
        return headerBytes &- 1 == lengthBytes
    }
}
