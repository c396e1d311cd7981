/// The patterns in `allowed_origins`: `*`, an origin, a host, or one of them with a single `*`.
package enum OriginPattern {
    /// Says whether a pattern can match anything; two `*` never do.
    package static func isValid(_ pattern: String) -> Bool {
        !pattern.isEmpty
            && pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 1
            && pattern.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// Says whether a request's `Origin` is allowed.
    ///
    /// No patterns allow everything; with patterns, a request without an origin is only allowed by one that matches
    /// everything.
    package static func allows(_ origin: String?, by patterns: [String]) -> Bool {
        guard !patterns.isEmpty else { return true }
        let origin = (origin ?? "").lowercased()
        return patterns.contains { matches(origin, $0.lowercased()) }
    }

    /// Compares a lower-cased origin with a lower-cased pattern.
    ///
    /// `*` and `any` match everything, `https://app.test` itself, `app.test` that host with any scheme, `*.app.test` the
    /// host and all below it with any scheme; one `*` elsewhere stands for anything between its two ends.
    private static func matches(_ origin: String, _ pattern: String) -> Bool {
        if pattern == "*" || pattern == "any" { return true }
        guard isValid(pattern), !origin.isEmpty else { return false }
        let isSchemeGiven = pattern.contains("://")
        let subject = isSchemeGiven ? origin[...] : host(of: origin)
        guard let star = pattern.firstIndex(of: "*") else { return subject == pattern }
        let prefix = pattern[..<star]
        let suffix = pattern[pattern.index(after: star)...]
        if prefix.isEmpty, suffix.hasPrefix(".") {
            return subject == suffix.dropFirst() || subject.hasSuffix(suffix)
        }
        return subject.utf8.count >= prefix.utf8.count + suffix.utf8.count
            && subject.hasPrefix(prefix) && subject.hasSuffix(suffix)
    }

    /// What follows the scheme: the host, and the port as written.
    private static func host(of origin: String) -> Substring {
        guard let separator = origin.firstRange(of: "://") else { return origin[...] }
        return origin[separator.upperBound...]
    }
}
