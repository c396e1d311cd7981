/// The path and the query of a request as they were sent (RFC 9112 §3.2).
///
/// A class, because every step of a request's way takes it.
package final class RequestTarget: Sendable {
    /// The raw path.
    let path: ArraySlice<UInt8>
    package let query: QueryString

    /// Splits a target in origin form; of the absolute form, which clients send to proxies, the authority is dropped.
    package convenience init(_ uri: String) throws(HTTPFailure) {
        try self.init(Array(uri.utf8))
    }

    /// Splits a target given as bytes.
    init(_ bytes: [UInt8]) throws(HTTPFailure) {
        var rest = bytes[...]
        if rest.first != UInt8(ascii: "/") {
            rest = Self.withoutAuthority(rest)
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        path = rest[..<mark]
        query = try QueryString(rest[min(mark + 1, rest.endIndex)...])
    }

    /// The raw path as text.
    package var pathText: String {
        String(decoding: path, as: UTF8.self)
    }

    private static func withoutAuthority(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
            let authority = bytes.dropFirst(scheme.utf8.count)
            return authority[
                (authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
                    ?? authority.endIndex)...
            ]
        }
        return bytes
    }
}
