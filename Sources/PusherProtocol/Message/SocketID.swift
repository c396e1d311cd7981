/// The name of one connection, unique over the cluster: two decimal numbers with a dot between (`\d+\.\d+`).
///
/// Both parts are random, because the id is part of every auth signature.
package struct SocketID: Sendable, Hashable, CustomStringConvertible {
    private var high: UInt64
    private var low: UInt64

    /// Draws a new id from the system's random number generator.
    package static func random() -> SocketID {
        var generator = SystemRandomNumberGenerator()
        // Numbers that a double holds exactly, for clients that parse the parts.
        return SocketID(
            high: generator.next(upperBound: UInt64(1) << 53),
            low: generator.next(upperBound: UInt64(1) << 53)
        )
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads an id as the server writes it; `nil` for every other text.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let parts = (bytes[..<dot], bytes[bytes.index(after: dot)...])
        guard let high = Self.number(parts.0), let low = Self.number(parts.1) else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String { "\(high).\(low)" }

    /// Says whether a text has the form that official libraries demand, whoever made it.
    package static func isWellFormed(_ text: String) -> Bool {
        var isBehindDot = false
        var digits = 0
        for byte in text.utf8 {
            if isDigit(byte) {
                digits += 1
            } else {
                guard byte == UInt8(ascii: "."), digits > 0, !isBehindDot else { return false }
                isBehindDot = true
                digits = 0
            }
        }
        return isBehindDot && digits > 0
    }

    // Leading zeros and signs are another text than the one that the server wrote.
    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        guard let first = digits.first, digits.allSatisfy(isDigit) else { return nil }
        guard first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        return UInt64(Substring(digits))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
