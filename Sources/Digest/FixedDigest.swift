/// A digest of fixed length, kept in place without an allocation.
package protocol FixedDigest: Sendable {
    /// A value of zero bytes to be overwritten.
    static var zero: Self { get }

    /// Calls the closure with the digest's storage.
    mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void)

    /// Calls the closure with the digest's bytes.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
}

extension FixedDigest {
    /// The digest as an array.
    package var bytes: [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0) }
    }

    /// The digest in lower-case hexadecimal digits.
    package var hex: String {
        unsafe withUnsafeBytes { unsafe Hex.encode($0) }
    }

    /// Compares with lower-case hexadecimal digits in a time that does not depend on where they differ.
    ///
    /// The text is ASCII; a wrong length or another character is unequal.
    package func matches(hex text: UnsafeRawBufferPointer) -> Bool {
        unsafe withUnsafeBytes { bytes in
            guard text.count == bytes.count * 2 else { return false }
            var difference: UInt8 = 0
            for index in 0..<bytes.count {
                let high = unsafe Hex.value(of: text[index * 2])
                let low = unsafe Hex.value(of: text[index * 2 + 1])
                // An invalid digit reads as 0xff, whose high nibble makes the result differ.
                difference |= unsafe (high << 4 | low) ^ bytes[index]
                difference |= (high | low) & 0xf0
            }
            return difference == 0
        }
    }

    /// Compares with the hexadecimal digits of a text; see `matches(hex:)` for bytes.
    package func matches(hex text: String) -> Bool {
        var text = text
        return text.withUTF8 { unsafe matches(hex: UnsafeRawBufferPointer($0)) }
    }
}

/// The 32 bytes of a SHA-256 or HMAC-SHA256 digest.
package struct SHA256Digest: FixedDigest {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package static let zero = SHA256Digest()

    package mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe Swift.withUnsafeMutableBytes(of: &words, body)
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe Swift.withUnsafeBytes(of: words, body)
    }
}

/// The 16 bytes of an MD5 digest.
package struct MD5Digest: FixedDigest {
    private var words: (UInt64, UInt64) = (0, 0)

    package static let zero = MD5Digest()

    package mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe Swift.withUnsafeMutableBytes(of: &words, body)
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe Swift.withUnsafeBytes(of: words, body)
    }
}

/// The 20 bytes of a SHA-1 digest.
package struct SHA1Digest: FixedDigest {
    private var words: (UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0)

    package static let zero = SHA1Digest()

    package mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe Swift.withUnsafeMutableBytes(of: &words, body)
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe Swift.withUnsafeBytes(of: words, body)
    }
}
