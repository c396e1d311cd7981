extension Webhook {
    /// Lists what cannot work in a webhook, with keys relative to it.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if let lambda {
            problems += lambda.validate()
        } else {
            problems.require(!url.isEmpty, "url", "must be set, or lambda in its place")
            problems.require(
                url.isEmpty || Self.isHTTPURL(url),
                "url",
                "must be an http or https URL with a host, without spaces and user name"
            )
        }
        if let pattern = filter.channelPattern {
            do throws(ConfigurationProblem) {
                _ = try ChannelPattern(pattern)
            } catch {
                problems.append(error)
            }
        }
        for header in headers {
            problems.require(HeaderSyntax.isToken(header.name), "headers", "'\(header.name)' is not a header name")
            problems.require(
                !Self.reservedHeaders.contains(header.name.lowercased()),
                "headers",
                "'\(header.name)' is set by the server"
            )
            problems.require(
                HeaderSyntax.isFieldValue(header.value),
                "headers",
                "the value of '\(header.name)' must not contain control characters"
            )
        }
        problems.require(requestTimeout ?? .seconds(1) > .zero, "request_timeout_ms", "must be at least 1")
        problems.require(retry.maxAttempts ?? 1 >= 1, "retry.max_attempts", "must be at least 1")
        return problems
    }

    /// What a delivery itself sends or what HTTP frames it with.
    private static let reservedHeaders: Set<String> = [
        "connection", "content-length", "content-type", "expect", "host", "transfer-encoding",
        "x-pusher-key", "x-pusher-signature",
    ]

    /// Says whether a text is a URL to which a webhook can be posted (RFC 3986 §3, the parts that matter here).
    static func isHTTPURL(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.utf8.contains(UInt8(ascii: "\\")) else {
            return false
        }
        let lowered = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lowered.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return false }
        return isAuthority(authority)
    }

    /// Says whether a text is `host` or `host:port`, the host a name, an address or an address in brackets.
    private static func isAuthority(_ authority: Substring) -> Bool {
        var rest = authority
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]"), rest.index(after: rest.startIndex) < end else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            guard !host.isEmpty else { return false }
            rest = rest.dropFirst(host.count)
        }
        guard let colon = rest.first else { return true }
        guard colon == ":", let port = UInt16(rest.dropFirst()) else { return false }
        return port > 0
    }
}
