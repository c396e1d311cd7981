/// The syntax of the patterns in `allowed_origins`: `*`, an origin, a host, or one of them with a single `*`.
package enum OriginPattern {
    /// Says whether a pattern can match anything; two `*` never do.
    package static func isValid(_ pattern: String) -> Bool {
        !pattern.isEmpty
            && pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 1
            && pattern.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
