extension JSONScanner {
    /// Reads a number; `nil` if it is not an integer in the range of `Int` (a fraction, an exponent, too large).
    package mutating func readInteger() throws(JSONError) -> Int? {
        guard try peekKind() == .number else { throw JSONError(.expectedNumber, at: offset) }
        let start = offset
        try skipNumber()
        var at = start
        let isNegative = bytes[at] == ASCII.minus
        if isNegative { at &+= 1 }
        var value = 0
        while at < offset {
            let digit = Int(bytes[at]) &- Int(ASCII.zero)
            guard (0...9).contains(digit) else { return nil }
            // Accumulates towards the sign so that the smallest integer fits as well.
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, exceeded) = scaled.addingReportingOverflow(isNegative ? -digit : digit)
            guard !overflowed, !exceeded else { return nil }
            value = sum
            at &+= 1
        }
        return value
    }

    /// Reads `true` or `false`.
    package mutating func readBool() throws(JSONError) -> Bool {
        guard try peekKind() == .bool else { throw JSONError(.expectedBool, at: offset) }
        let value = bytes[offset] == ASCII.t
        try skipLiteral(value ? "true" : "false")
        return value
    }

    /// Reads `null`.
    package mutating func readNull() throws(JSONError) {
        guard try peekKind() == .null else { throw JSONError(.expectedNull, at: offset) }
        try skipLiteral("null")
    }

    /// Moves over `-? int frac? exp?` (RFC 8259 §6); the scanner stands at its first byte.
    mutating func skipNumber() throws(JSONError) {
        if bytes[offset] == ASCII.minus { offset &+= 1 }
        if offset < bytes.count, bytes[offset] == ASCII.zero {
            offset &+= 1
        } else {
            try skipDigits()
        }
        if offset < bytes.count, bytes[offset] == ASCII.dot {
            offset &+= 1
            try skipDigits()
        }
        guard offset < bytes.count, bytes[offset] | 0x20 == ASCII.e else { return }
        offset &+= 1
        if offset < bytes.count, bytes[offset] == ASCII.plus || bytes[offset] == ASCII.minus { offset &+= 1 }
        try skipDigits()
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = offset
        while offset < bytes.count, bytes[offset] &- ASCII.zero < 10 { offset &+= 1 }
        guard offset == start else { return }
        throw JSONError(offset == bytes.count ? .unexpectedEnd : .invalidNumber, at: offset)
    }

    /// Moves over a literal whose first byte has been looked at.
    mutating func skipLiteral(_ literal: StaticString) throws(JSONError) {
        for index in 0..<literal.utf8CodeUnitCount {
            guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
            guard bytes[offset] == literal.utf8Start[index] else { throw JSONError(.invalidLiteral, at: offset) }
            offset &+= 1
        }
    }
}
