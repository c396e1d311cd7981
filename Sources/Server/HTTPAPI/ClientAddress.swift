import NIOCore

/// The address of the client behind the proxies that are trusted.
package enum ClientAddress {
    /// Finds the address that limits and logs name.
    ///
    /// Each trusted proxy appended the address it saw to `X-Forwarded-For`, so the client is the entry that the
    /// outermost of them added; what stands before it came from the client and proves nothing. `X-Real-IP` is never
    /// looked at. A missing or malformed entry gives the peer.
    ///
    /// - Parameters:
    ///   - peer: the address of the TCP peer.
    ///   - forwardedFor: the values of all `X-Forwarded-For` fields, in order.
    ///   - trustedHops: the proxies in front of the server; 0 trusts none.
    /// - Returns: an IPv4 or IPv6 address in its usual form, without port, or the peer as given.
    package static func resolve(peer: String, forwardedFor: [String], trustedHops: Int) -> String {
        guard trustedHops > 0 else { return peer }
        let entries = forwardedFor.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        guard entries.count >= trustedHops else { return peer }
        return normalized(entries[entries.count - trustedHops]) ?? peer
    }

    /// An address without whitespace, quotes, brackets and port; `nil` if it is not one.
    static func normalized(_ entry: Substring) -> String? {
        var text = entry.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
        while let last = text.last, last == " " || last == "\t" || last == "\"" { text.removeLast() }
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]"), isPort(text[text.index(after: close)...]) else { return nil }
            text = text[text.index(after: text.startIndex)..<close]
            guard text.contains(":") else { return nil }
        } else if let colon = text.firstIndex(of: ":"), text.contains(".") && text[..<colon].contains(".") {
            guard isPort(text[colon...]) else { return nil }
            text = text[..<colon]
        }
        // The longest form is an IPv4-mapped IPv6 address; the system's parser takes zones, which mean nothing here.
        guard text.utf8.count <= 45, !text.contains("%"), !text.contains("\0") else { return nil }
        let address: String
        do {
            guard let parsed = try SocketAddress(ipAddress: String(text), port: 0).ipAddress else { return nil }
            address = parsed
        } catch {
            return nil
        }
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".") ? String(address.dropFirst(mapped.count)) : address
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
    }
}
