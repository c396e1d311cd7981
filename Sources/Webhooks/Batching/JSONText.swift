/// Writes JSON into bytes (RFC 8259).
struct JSONText {
    private(set) var bytes: [UInt8] = []

    /// Writes text that is JSON already.
    mutating func append(raw text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ number: some BinaryInteger) {
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Writes a string with its quotes.
    mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): append(raw: #"\n"#)
            case UInt8(ascii: "\r"): append(raw: #"\r"#)
            case UInt8(ascii: "\t"): append(raw: #"\t"#)
            case 0..<0x20:
                append(raw: #"\u00"#)
                bytes.append(Self.digit(byte >> 4))
                bytes.append(Self.digit(byte & 0xf))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func append(contentsOf other: [UInt8]) {
        bytes.append(contentsOf: other)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
