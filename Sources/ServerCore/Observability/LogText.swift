/// Writes texts of any origin so that they stay within their line and their quotes.
enum LogText {
    /// Longer messages and values are cut: what a peer sends must not become a log of its own.
    static let maxBytes = 4_096

    /// Appends a text as a JSON string.
    static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, escapesQuotes: true, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a text with its control characters, C1 included, as JSON escapes.
    ///
    /// So neither a line break nor a terminal's escape sequence gets into the log.
    static func appendEscaped(_ text: String, escapesQuotes: Bool, to bytes: inout [UInt8]) {
        var iterator = text.utf8.makeIterator()
        var count = 0
        while let byte = iterator.next() {
            count += 1
            let isContinuation = byte & 0b1100_0000 == 0b1000_0000
            if count > maxBytes, !isContinuation {
                bytes.append(contentsOf: "…".utf8)
                return
            }
            switch byte {
            case 0x22 where escapesQuotes, 0x5c where escapesQuotes:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0x00..<0x20, 0x7f: appendCode(byte, to: &bytes)
            case 0xc2:
                // The first byte of U+0080 to U+00BF; the second is the code itself.
                guard let second = iterator.next() else { return }
                count += 1
                if second < 0xa0 {
                    appendCode(second, to: &bytes)
                } else {
                    bytes.append(byte)
                    bytes.append(second)
                }
            default: bytes.append(byte)
            }
        }
    }

    private static func appendCode(_ code: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: #"\u00"#.utf8)
        bytes.append(digits[Int(code >> 4)])
        bytes.append(digits[Int(code & 0x0f)])
    }
}
