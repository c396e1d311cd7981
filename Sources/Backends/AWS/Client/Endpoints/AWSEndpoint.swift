/// Where a service listens.
package struct AWSEndpoint: Sendable, Equatable {
    /// `http` or `https`.
    package var scheme: String
    /// The `Host` field: the host, and the port unless it is the scheme's.
    package var authority: String
    /// What stands before every path; empty or with a leading and without a trailing slash.
    package var basePath: String

    /// Reads a URL; `nil` if it is not an `http` or `https` URL of a host, or has a query, a fragment or a user.
    package init?(_ url: String) {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[separator.upperBound...]
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !rest.contains(where: { "?#@\\".contains($0) }) else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.split(authority) else { return nil }
        self.scheme = scheme
        let isDefault = port == nil || port == (scheme == "https" ? 443 : 80)
        self.authority = isDefault ? host : "\(host):\(port ?? 0)"
        var path = rest.dropFirst(authority.count)
        while path.last == "/" {
            path = path.dropLast()
        }
        basePath = String(path)
    }

    /// Makes the endpoint of a host name.
    init(host: String) {
        scheme = "https"
        authority = host
        basePath = ""
    }

    /// The URL of a path, which begins with a slash.
    package func url(_ path: String) -> String {
        "\(scheme)://\(authority)\(basePath)\(path)"
    }

    /// The host alone, in lower case and without brackets.
    var host: String {
        var host = Self.split(authority[...])?.host.lowercased() ?? ""
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        }
        return host
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[...end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, host != "[]" else { return nil }
        guard let port else { return (String(host), nil) }
        guard let number = UInt16(port), number > 0 else { return nil }
        return (String(host), Int(number))
    }
}
