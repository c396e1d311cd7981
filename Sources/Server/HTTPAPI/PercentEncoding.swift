/// Percent-decoding of request targets (RFC 3986 §2.1).
enum PercentEncoding {
    /// Appends the decoded bytes; a `%` without two hexadecimal digits stays as it is.
    static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false, into target: inout [UInt8]) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            let next = bytes.index(after: index)
            if byte == UInt8(ascii: "%"), let (value, end) = escape(in: bytes, after: next) {
                target.append(value)
                index = end
            } else {
                target.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index = next
            }
        }
    }

    /// Decodes to text; `nil` if that is not UTF-8.
    static func validString(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "%")) else { return String(validating: bytes, as: UTF8.self) }
        var decoded: [UInt8] = []
        decode(bytes, into: &decoded)
        return String(validating: decoded, as: UTF8.self)
    }

    private static func escape<Bytes: Collection<UInt8>>(
        in bytes: Bytes,
        after index: Bytes.Index
    ) -> (UInt8, Bytes.Index)? {
        guard index < bytes.endIndex, let high = hexValue(bytes[index]) else { return nil }
        let second = bytes.index(after: index)
        guard second < bytes.endIndex, let low = hexValue(bytes[second]) else { return nil }
        return (high << 4 | low, bytes.index(after: second))
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
