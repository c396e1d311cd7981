/// Finds what the TOML parser takes for granted instead of refusing it, which would end the process.
///
/// The parser asserts that a table header starts with a key, which `[=a]` does not, and that no value of an array starts
/// with a closing brace or a space of Unicode, which those of `[}` and `[\u{2028}` do. Only what tells these from the rest
/// is looked at: strings, comments, brackets, and characters that TOML has in strings and comments alone; every other
/// error is left to the parser, which never gets behind its first one.
struct TOMLPrecheck {
    private let bytes: [UInt8]
    private var index: Int
    private var line = 1

    /// Starts at the beginning of a text.
    init(text: String) {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        bytes = Array(text.utf8)
        index = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
    }

    /// The number of the first line at which the parser would assert, or `nil`; O(bytes).
    mutating func firstBadLine() -> Int? {
        while index < bytes.count {
            skipBlanks()
            if current == UInt8(ascii: "[") {
                guard isHeader() else { return line }
            }
            guard skipStatement() else { return line }
        }
        return nil
    }

    private var current: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private mutating func skipBlanks() {
        while current == 0x20 || current == 0x09 { index += 1 }
    }

    /// Reads the brackets of a header, and says whether a key, a closing bracket or the end follows.
    private mutating func isHeader() -> Bool {
        index += 1
        skipBlanks()
        if current == UInt8(ascii: "[") {
            index += 1
            skipBlanks()
        }
        guard let first = current else { return true }
        return switch first {
        case UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// Goes to the line after the statement, which can be a value of many lines, and says whether its braces can close.
    private mutating func skipStatement() -> Bool {
        var open: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                skipString(byte)
                continue
            case UInt8(ascii: "#"):
                while current.map({ $0 != 0x0A }) ?? false { index += 1 }
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"): open.append(byte)
            case UInt8(ascii: "]"): _ = open.popLast()
            case UInt8(ascii: "}"):
                guard open.popLast() != UInt8(ascii: "[") else { return false }
            case 0x0A:
                line += 1
                if open.isEmpty {
                    index += 1
                    return true
                }
            case 0x0D:
                guard index + 1 < bytes.count, bytes[index + 1] == 0x0A else { return false }
            default:
                guard byte == 0x09 || (0x20..<0x7F).contains(byte) else { return false }
            }
            index += 1
        }
        return true
    }

    /// Goes behind a string, or to the end of the line if it is not closed on it.
    private mutating func skipString(_ quote: UInt8) {
        let isLong = bytes[index...].starts(with: [quote, quote, quote])
        index += isLong ? 3 : 1
        while let byte = current {
            if byte == quote, !isLong || bytes[index...].starts(with: [quote, quote, quote]) {
                index += isLong ? 3 : 1
                // Up to two quotes may stand before the three that close the string.
                while isLong, current == quote { index += 1 }
                return
            }
            if byte == 0x0A {
                if !isLong { return }
                line += 1
            }
            index += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = current, escaped != 0x0A {
                index += 1
            }
        }
    }
}
