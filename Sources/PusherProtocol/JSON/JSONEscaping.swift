/// Writes text as the content of a JSON string (RFC 8259 §7).
///
/// Quote, backslash and control characters are escaped, everything else stays as it is. The bytes must be valid UTF-8.
package enum JSONEscaping {
    /// The number of bytes that the escaped form has.
    package static func escapedByteCount(of bytes: UnsafeRawBufferPointer) -> Int {
        var count = bytes.count
        var at = nextEscape(in: bytes, from: 0)
        while at < bytes.count {
            count &+= shortEscape(of: bytes[at]) != nil ? 1 : 5
            at = nextEscape(in: bytes, from: at &+ 1)
        }
        return count
    }

    /// Writes the escaped form and answers its length, which is `escapedByteCount(of:)`.
    package static func escape(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        var read = 0
        var written = 0
        while true {
            let stop = nextEscape(in: bytes, from: read)
            if stop > read {
                let plain = UnsafeRawBufferPointer(rebasing: bytes[read..<stop])
                UnsafeMutableRawBufferPointer(rebasing: target[written...]).copyMemory(from: plain)
                written &+= plain.count
            }
            guard stop < bytes.count else { return written }
            written &+= write(escapeOf: bytes[stop], to: target, at: written)
            read = stop &+ 1
        }
    }

    /// The offset of the first byte from `start` on that cannot stand in a string as it is, or the end.
    @inline(__always)
    private static func nextEscape(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let marks = JSONWord.escapeMarks(word)
            if marks != 0 { return at &+ marks.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x20 || byte == ASCII.quote || byte == ASCII.backslash { return at }
            at &+= 1
        }
        return at
    }

    @inline(__always)
    private static func write(escapeOf byte: UInt8, to target: UnsafeMutableRawBufferPointer, at index: Int) -> Int {
        target[index] = ASCII.backslash
        if let letter = shortEscape(of: byte) {
            target[index &+ 1] = letter
            return 2
        }
        target[index &+ 1] = ASCII.u
        target[index &+ 2] = ASCII.zero
        target[index &+ 3] = ASCII.zero
        target[index &+ 4] = ASCII.zero | byte >> 4
        let digit = byte & 0xf
        target[index &+ 5] = digit < 10 ? ASCII.zero | digit : UInt8(ascii: "a") &+ digit &- 10
        return 6
    }

    /// The letter after the backslash, if the byte has a two-character escape.
    @inline(__always)
    private static func shortEscape(of byte: UInt8) -> UInt8? {
        switch byte {
        case ASCII.quote, ASCII.backslash: byte
        case ASCII.newline: ASCII.n
        case ASCII.carriageReturn: ASCII.r
        case ASCII.tab: ASCII.t
        case 0x08: ASCII.b
        case 0x0c: ASCII.f
        default: nil
        }
    }
}
