extension JSONText {
    /// Calls the closure with each UTF-8 byte of what the text means.
    ///
    /// Relies on the scanner having checked the escapes.
    @inline(__always)
    func forEachDecodedByte(in bytes: UnsafeRawBufferPointer, _ body: (UInt8) -> Void) {
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = bytes[at]
            guard byte == ASCII.backslash else {
                body(byte)
                at &+= 1
                continue
            }
            let kind = bytes[at &+ 1]
            guard kind == ASCII.u else {
                body(Self.character(escapedAs: kind))
                at &+= 2
                continue
            }
            var scalar = UInt32(Self.hexValue(bytes, at &+ 2))
            at &+= 6
            if scalar & 0xfc00 == 0xd800 {
                let low = UInt32(Self.hexValue(bytes, at &+ 2))
                scalar = 0x10000 &+ ((scalar & 0x3ff) << 10 | low & 0x3ff)
                at &+= 6
            }
            Self.encode(scalar, body)
        }
    }

    /// The number of UTF-8 bytes of a scalar below U+10000.
    @inline(__always)
    static func utf8Width(_ unit: UInt16) -> Int {
        unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
    }

    /// The value of four hexadecimal digits that have been checked.
    @inline(__always)
    private static func hexValue(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16 {
        var value: UInt16 = 0
        for index in at..<at &+ 4 {
            value = value << 4 | UInt16(hexDigit(bytes[index]) & 0xf)
        }
        return value
    }

    /// The value of a hexadecimal digit, or 0xff for any other byte.
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8 {
        let digit = byte &- ASCII.zero
        if digit < 10 { return digit }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter &+ 10 : 0xff
    }

    private static func character(escapedAs kind: UInt8) -> UInt8 {
        switch kind {
        case ASCII.b: 0x08
        case ASCII.f: 0x0c
        case ASCII.n: ASCII.newline
        case ASCII.r: ASCII.carriageReturn
        case ASCII.t: ASCII.tab
        default: kind
        }
    }

    @inline(__always)
    private static func encode(_ scalar: UInt32, _ body: (UInt8) -> Void) {
        switch scalar {
        case 0..<0x80:
            body(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            body(0xc0 | UInt8(truncatingIfNeeded: scalar >> 6))
            body(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
        case 0x800..<0x10000:
            body(0xe0 | UInt8(truncatingIfNeeded: scalar >> 12))
            body(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
            body(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
        default:
            body(0xf0 | UInt8(truncatingIfNeeded: scalar >> 18))
            body(0x80 | UInt8(truncatingIfNeeded: scalar >> 12 & 0x3f))
            body(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
            body(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
        }
    }
}
