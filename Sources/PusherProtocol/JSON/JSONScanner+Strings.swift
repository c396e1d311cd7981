extension JSONScanner {
    /// Reads a string.
    package mutating func readString() throws(JSONError) -> JSONText {
        try expect(ASCII.quote, or: .expectedString)
        let start = offset
        var at = start
        // What escaping added: the raw length minus the decoded length.
        var excess = 0
        while true {
            at = skipPlain(from: at)
            guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
            let byte = bytes[at]
            if byte == ASCII.quote {
                offset = at &+ 1
                let range = Range(uncheckedBounds: (start, at))
                return JSONText(range: range, decodedByteCount: at &- start &- excess)
            }
            if byte == ASCII.backslash {
                excess &+= try skipEscape(&at)
            } else if byte >= 0x80 {
                at = try skipMultibyte(from: at)
            } else {
                throw JSONError(.controlCharacter, at: at)
            }
        }
    }

    /// Moves over ASCII that means itself, eight bytes at a time.
    @inline(__always)
    private func skipPlain(from start: Int) -> Int {
        var at = start
        while at &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let marks = JSONWord.scanMarks(word)
            if marks != 0 { return at &+ marks.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x20 || byte >= 0x80 || byte == ASCII.quote || byte == ASCII.backslash { return at }
            at &+= 1
        }
        return at
    }

    /// Moves over one escape and answers by how many bytes it is longer than what it means.
    @inline(__always)
    private func skipEscape(_ at: inout Int) throws(JSONError) -> Int {
        guard at &+ 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        switch bytes[at &+ 1] {
        case ASCII.quote, ASCII.backslash, ASCII.slash, ASCII.b, ASCII.f, ASCII.n, ASCII.r, ASCII.t:
            at &+= 2
            return 1
        case ASCII.u:
            return try skipUnicodeEscape(&at)
        default:
            throw JSONError(.invalidEscape, at: at)
        }
    }

    private func skipUnicodeEscape(_ at: inout Int) throws(JSONError) -> Int {
        let unit = try codeUnit(escapedAt: at)
        guard unit & 0xf800 == 0xd800 else {
            at &+= 6
            return 6 &- JSONText.utf8Width(unit)
        }
        guard unit < 0xdc00 else { throw JSONError(.invalidEscape, at: at) }
        let partner = at &+ 6
        guard partner &+ 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        guard bytes[partner] == ASCII.backslash, bytes[partner &+ 1] == ASCII.u else {
            throw JSONError(.invalidEscape, at: at)
        }
        guard try codeUnit(escapedAt: partner) & 0xfc00 == 0xdc00 else { throw JSONError(.invalidEscape, at: at) }
        at &+= 12
        return 8
    }

    private func codeUnit(escapedAt at: Int) throws(JSONError) -> UInt16 {
        guard at &+ 6 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        var unit: UInt16 = 0
        for index in at &+ 2..<at &+ 6 {
            let digit = JSONText.hexDigit(bytes[index])
            guard digit < 16 else { throw JSONError(.invalidEscape, at: at) }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Moves over characters that are not ASCII (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
    private func skipMultibyte(from start: Int) throws(JSONError) -> Int {
        var at = start
        while at < bytes.count {
            let lead = bytes[at]
            switch lead {
            case ..<0x80:
                return at
            case 0xc2...0xdf:
                try continuation(at &+ 1)
                at &+= 2
            case 0xe0...0xef:
                try continuation(at &+ 1, from: lead == 0xe0 ? 0xa0 : 0x80, through: lead == 0xed ? 0x9f : 0xbf)
                try continuation(at &+ 2)
                at &+= 3
            case 0xf0...0xf4:
                try continuation(at &+ 1, from: lead == 0xf0 ? 0x90 : 0x80, through: lead == 0xf4 ? 0x8f : 0xbf)
                try continuation(at &+ 2)
                try continuation(at &+ 3)
                at &+= 4
            default:
                throw JSONError(.invalidUTF8, at: at)
            }
        }
        return at
    }

    @inline(__always)
    private func continuation(_ at: Int, from low: UInt8 = 0x80, through high: UInt8 = 0xbf) throws(JSONError) {
        guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        guard low <= bytes[at], bytes[at] <= high else { throw JSONError(.invalidUTF8, at: at) }
    }
}
