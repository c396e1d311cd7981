/// A server as configuration files write it: `redis://user:password@host:port/database`, `rediss://…` for TLS, or
/// `host:port` alone.
package struct RedisURL: Sendable, Equatable {
    package var address: RedisAddress
    package var credentials = RedisCredentials()
    package var usesTLS = false
    /// The numbered database, if one is named.
    package var database: Int?

    /// Understands a text, or returns `nil`; names and passwords may be percent-encoded, IPv6 addresses stand in
    /// brackets.
    package init?(_ text: String, defaultPort: Int = 6379) {
        var rest = text[...]
        if let scheme = Self.scheme(of: rest) {
            guard ["redis", "rediss"].contains(scheme.lowercased()) else { return nil }
            usesTLS = scheme.lowercased() == "rediss"
            rest = rest.dropFirst(scheme.count + 3)
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            if !path.isEmpty {
                guard let number = Int(path), (0...1_000_000).contains(number) else { return nil }
                database = number
            }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            guard let credentials = Self.credentials(rest[..<at]) else { return nil }
            self.credentials = credentials
            rest = rest[rest.index(after: at)...]
        }
        guard let address = Self.address(rest, defaultPort: defaultPort) else { return nil }
        self.address = address
    }

    private static func scheme(of text: Substring) -> Substring? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return text[..<colon]
    }

    private static func credentials(_ text: Substring) -> RedisCredentials? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let username = decode(parts[0]) else { return nil }
        var credentials = RedisCredentials(username: username.isEmpty ? nil : username)
        if parts.count == 2 {
            guard let password = decode(parts[1]) else { return nil }
            credentials.password = password.isEmpty ? nil : password
        }
        return credentials
    }

    private static func address(_ text: Substring, defaultPort: Int) -> RedisAddress? {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            // An address of IPv6 without brackets leaves open where its port begins.
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/@?#".contains($0) }) else { return nil }
        guard let port else { return RedisAddress(host: String(host), port: defaultPort) }
        guard let number = Int(port), (1...65_535).contains(number) else { return nil }
        return RedisAddress(host: String(host), port: number)
    }

    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
