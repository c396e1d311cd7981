/// Hexadecimal digits.
package enum Hex {
    /// Writes bytes as lower-case digits, two a byte.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { target in
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                unsafe target[index * 2] = digit(byte >> 4)
                unsafe target[index * 2 + 1] = digit(byte & 0xf)
            }
            return bytes.count * 2
        }
    }

    /// The value of a lower-case digit, or 0xff for any other character.
    static func value(of digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: 0xff
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
