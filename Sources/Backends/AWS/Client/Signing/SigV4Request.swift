package import CurlHTTP
import Digest

/// What a signature covers of a request.
package struct SigV4Request: Sendable, Equatable {
    package var method: String
    /// The path as it will be sent, percent-encoded, without the query.
    package var path: String
    /// The query as it will be sent, without the question mark.
    package var query: String
    /// All fields but those that the signer adds; `Host` must be among them.
    package var headers: [HTTPField]
    /// The SHA-256 of the body in hexadecimal digits.
    package var payloadHash: String

    /// Makes a request with the hash of a body.
    package init(method: String, path: String, query: String = "", headers: [HTTPField], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payloadHash = SHA256.hash(body).hex
    }

    /// The canonical form of the path (AWS SigV4, step 1).
    ///
    /// The path is encoded once more, as all services but S3 want it; `normalizing` resolves dot segments and drops
    /// empty ones (RFC 3986 §6.2).
    func canonicalPath(normalizing: Bool) -> String {
        guard normalizing else {
            return path.isEmpty ? "/" : URIEscaping.encode(path.utf8, keepingSlashes: true)
        }
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        let joined = "/" + segments.joined(separator: "/")
        let isDirectory = path.hasSuffix("/") && !segments.isEmpty
        return URIEscaping.encode((isDirectory ? joined + "/" : joined).utf8, keepingSlashes: true)
    }

    /// The canonical form of the query with more pairs: each decoded, encoded, and sorted by name and then by value.
    func canonicalQuery(adding more: [(name: String, value: String)] = []) -> String {
        let sent = query.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (
                name: URIEscaping.encode(URIEscaping.decode(name)),
                value: URIEscaping.encode(URIEscaping.decode(pair.dropFirst(name.count + 1)))
            )
        }
        let added = more.map { (name: URIEscaping.encode($0.name), value: URIEscaping.encode($0.value)) }
        return (sent + added)
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    /// The canonical header with more fields: names in lower case, sorted; values of one name joined in their order.
    func canonicalHeaders(adding more: [HTTPField] = []) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for field in headers + more {
            let name = field.name.lowercased()
            if !Self.unsigned.contains(name) {
                values[name, default: []].append(Self.collapsed(field.value))
            }
        }
        return values.map { ($0.key, $0.value.joined(separator: ",")) }.sorted { $0.0 < $1.0 }
    }

    /// Fields that proxies or the transport may change; the SDKs leave them out too.
    private static let unsigned: Set<String> = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    /// Makes one space of each run of white space, line folds included, and none at the ends.
    private static func collapsed(_ value: String) -> String {
        value.utf8
            .split { $0 == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: " ")
    }
}
