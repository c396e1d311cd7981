/// Eight bytes of a string looked at together.
enum JSONWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let quotes: UInt64 = 0x2222_2222_2222_2222
    private static let backslashes: UInt64 = 0x5c5c_5c5c_5c5c_5c5c
    private static let spaces: UInt64 = 0x2020_2020_2020_2020

    /// Marks the high bit of bytes that need a closer look: quote, backslash, control character, not ASCII.
    ///
    /// A subtraction borrows only from bytes above one that is marked itself, so the lowest mark is always right;
    /// marks above it may be wrong.
    @inline(__always)
    static func scanMarks(_ word: UInt64) -> UInt64 {
        (escapeCandidates(word) | word) & highBits
    }

    /// Marks bytes that cannot stand in a JSON string as they are; the lowest mark is right here as well.
    @inline(__always)
    static func escapeMarks(_ word: UInt64) -> UInt64 {
        escapeCandidates(word) & ~word & highBits
    }

    @inline(__always)
    private static func escapeCandidates(_ word: UInt64) -> UInt64 {
        ((word ^ quotes) &- ones) | ((word ^ backslashes) &- ones) | (word &- spaces)
    }
}
