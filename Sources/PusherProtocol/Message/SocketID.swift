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
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let high = Self.number(parts[0]), let low = Self.number(parts[1]) else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String { "\(high).\(low)" }

    /// Says whether a text has the form that official libraries demand, whoever made it.
    package static func isWellFormed(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }
    }

    // Leading zeros and signs are another text than the one that the server wrote.
    private static func number(_ text: some StringProtocol) -> UInt64? {
        guard let first = text.utf8.first, text.utf8.allSatisfy(isDigit) else { return nil }
        guard first != UInt8(ascii: "0") || text.utf8.count == 1 else { return nil }
        return UInt64(text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
