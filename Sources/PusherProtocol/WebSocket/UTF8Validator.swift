/// Checks UTF-8 that arrives in pieces (Unicode 15, table 3-7; RFC 3629).
///
/// A sequence may be cut anywhere between two pieces; `isComplete` says whether the text may end here.
package struct UTF8Validator: Sendable {
    // How many continuation bytes are still due, and the range that the next of them must be in: the first
    // continuation byte excludes overlong forms, surrogates and code points above U+10FFFF.
    private var due: UInt8 = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xbf

    /// Starts at the beginning of a text.
    package init() {}

    /// No sequence is cut at this point.
    package var isComplete: Bool { due == 0 }

    /// Reads a piece and says whether everything so far can be UTF-8.
    package mutating func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if due == 0 {
                index = Self.skipASCII(bytes, from: index)
                guard index < count else { return true }
            }
            guard accept(bytes[index]) else { return false }
            index &+= 1
        }
        return true
    }

    /// Says whether bytes are a complete text.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.isValid(bytes) && validator.isComplete
    }

    private static func skipASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            index &+= 8
        }
        while index < bytes.count, bytes[index] < 0x80 {
            index &+= 1
        }
        return index
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard due == 0 else {
            guard byte >= lowest, byte <= highest else { return false }
            due &-= 1
            lowest = 0x80
            highest = 0xbf
            return true
        }
        switch byte {
        case 0x00...0x7f: break
        case 0xc2...0xdf: due = 1
        case 0xe0:
            due = 2
            lowest = 0xa0
        case 0xed:
            due = 2
            highest = 0x9f
        case 0xe1...0xef: due = 2
        case 0xf0:
            due = 3
            lowest = 0x90
        case 0xf4:
            due = 3
            highest = 0x8f
        case 0xf1...0xf3: due = 3
        default: return false
        }
        return true
    }
}
