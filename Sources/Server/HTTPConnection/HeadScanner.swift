/// Reads the lines of a request's head that leave no doubt; what is wrong or merely unusual it does not take.
struct HeadScanner {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int
    /// The offset of the empty line that ends the head.
    let end: Int

    /// Starts behind the method and its space; `nil` where the empty line has not come.
    init?(_ bytes: UnsafeRawBufferPointer, methodBytes: Int) {
        guard let end = Self.endOfHead(in: bytes) else { return nil }
        self.bytes = bytes
        self.end = end
        offset = methodBytes
    }

    /// All fields have been read.
    var isAtEnd: Bool { offset >= end }

    /// The bytes of the head with its empty line.
    var byteCount: Int { end + 2 }

    /// `/path?query HTTP/1.1`, up to the line's end.
    mutating func takeTarget() -> UnsafeRawBufferPointer? {
        let start = offset
        guard bytes[start] == UInt8(ascii: "/") else { return nil }
        while offset < end, bytes[offset] > 0x20, bytes[offset] < 0x7f { offset += 1 }
        let target = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        let version: StaticString = " HTTP/1.1\r\n"
        guard Self.begins(bytes, at: offset, with: version) else { return nil }
        offset += version.utf8CodeUnitCount
        return target
    }

    /// `Name: value` (RFC 9112 §5), without line folding.
    mutating func takeField() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        let nameStart = offset
        while offset < end, Self.isToken(bytes[offset]) { offset += 1 }
        let name = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<offset])
        guard !name.isEmpty, offset < end, bytes[offset] == UInt8(ascii: ":") else { return nil }
        offset += 1
        while offset < end, Self.isBlank(bytes[offset]) { offset += 1 }
        let valueStart = offset
        while offset < end, bytes[offset] >= 0x20 || bytes[offset] == 0x09, bytes[offset] != 0x7f { offset += 1 }
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\r"), bytes[offset + 1] == UInt8(ascii: "\n")
        else { return nil }
        var valueEnd = offset
        while valueEnd > valueStart, Self.isBlank(bytes[valueEnd - 1]) { valueEnd -= 1 }
        offset += 2
        return (name, UnsafeRawBufferPointer(rebasing: bytes[valueStart..<valueEnd]))
    }

    /// Compares a field's name or value with a text in lower case, whatever the case of the letters.
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            guard lower == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// Says whether a text stands at an offset; of bytes that end before the text does, whether they may become it.
    static func begins(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int = 0,
        with text: StaticString,
        orMay: Bool = false
    ) -> Bool {
        let count = bytes.count - offset
        guard count >= text.utf8CodeUnitCount || orMay else { return false }
        for index in 0..<min(count, text.utf8CodeUnitCount) where bytes[offset + index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// The offset of the empty line that ends the head.
    private static func endOfHead(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            // Three of four bytes are skipped where the byte looked at is in no line end.
            switch bytes[index] {
            case UInt8(ascii: "\n"):
                if bytes[index - 1] == UInt8(ascii: "\r"), bytes[index - 2] == UInt8(ascii: "\n"),
                    bytes[index - 3] == UInt8(ascii: "\r")
                {
                    return index - 1
                }
                index += 2
            case UInt8(ascii: "\r"): index += 1
            default: index += 4
            }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// RFC 9110 §5.6.2, the characters that field names have in practice.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
