/// Writes the frames of a client, masked as RFC 6455 §5.3 wants it.
enum ClientFrame {
    static let text: UInt8 = 0x1
    static let ping: UInt8 = 0x9
    static let pong: UInt8 = 0xa

    private static let mask: [UInt8] = [0x5a, 0xc3, 0x17, 0x8e]

    /// A whole frame.
    static func make(_ opcode: UInt8, _ payload: some Collection<UInt8>) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        let count = payload.count
        if count < 126 {
            frame.append(0x80 | UInt8(count))
        } else if count <= Int(UInt16.max) {
            frame.append(contentsOf: [0x80 | 126, UInt8(count >> 8), UInt8(count & 0xff)])
        } else {
            frame.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: count >> shift))
            }
        }
        frame.append(contentsOf: mask)
        for (index, byte) in payload.enumerated() {
            frame.append(byte ^ mask[index & 3])
        }
        return frame
    }

    /// A text frame.
    static func make(_ text: String) -> [UInt8] {
        make(Self.text, Array(text.utf8))
    }
}
