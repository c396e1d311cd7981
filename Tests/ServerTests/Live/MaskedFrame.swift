/// Frames as a client sends them.
enum MaskedFrame {
    /// A whole text message.
    static func text(_ text: String) -> [UInt8] {
        frame(0x81, Array(text.utf8))
    }

    /// A whole frame.
    static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        let length: [UInt8] =
            switch payload.count {
            case ...125: [0x80 | UInt8(payload.count)]
            case ...0xffff: [0xfe, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
            default: [0xff] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
            }
        return [first] + length + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }
}
