import PusherProtocol
import Testing

/// Checks what each prefix says about a channel (Pusher protocol 7, "Channels").
@Suite struct ChannelKindTests {
    /// One row of the table of prefixes.
    struct Row: Sendable {
        var name: String
        var access: ChannelKind.Access
        var isCache = false
        var needsAuthorization = false
        var takesClientEvents = false
        var sendsSubscriptionCount = true
        var isListed = true
        var label: String
    }

    private static let rows: [Row] = [
        row("presence-cache-a", .presence, isCache: true, "cache"),
        row("presence-a", .presence, "presence"),
        row("private-encrypted-cache-a", .encrypted, isCache: true, "cache"),
        row("private-encrypted-a", .encrypted, "private_encrypted"),
        row("private-cache-a", .authorized, isCache: true, "cache"),
        row("private-a", .authorized, "private"),
        row("cache-a", .open, isCache: true, "cache"),
        row("#server-to-user-a", .serverToUser, "server_to_user"),
        row("a", .open, "public"),
        // Prefixes alone, and what only looks like one.
        row("presence-", .presence, "presence"),
        row("presence-cache-", .presence, isCache: true, "cache"),
        row("presence-cache", .presence, "presence"),
        row("presence-cached", .presence, "presence"),
        row("private-", .authorized, "private"),
        row("private-encrypted", .authorized, "private"),
        row("private-encrypted-", .encrypted, "private_encrypted"),
        row("private-encrypted-cache", .encrypted, "private_encrypted"),
        row("private-encryptedx", .authorized, "private"),
        row("private-cache", .authorized, "private"),
        row("private-presence-a", .authorized, "private"),
        row("cache-", .open, isCache: true, "cache"),
        row("cache-private-a", .open, isCache: true, "cache"),
        row("cache-presence-a", .open, isCache: true, "cache"),
        row("cache", .open, "public"),
        row("cached-a", .open, "public"),
        row("privateer", .open, "public"),
        row("private", .open, "public"),
        row("presence", .open, "public"),
        row("presences-a", .open, "public"),
        row("Private-a", .open, "public"),
        row("PRESENCE-a", .open, "public"),
        row("x-private-a", .open, "public"),
        row("x-cache-a", .open, "public"),
        row("my-presence-cache-a", .open, "public"),
        row("#server-to-user", .open, "public"),
        row("", .open, "public"),
    ]

    private static func row(
        _ name: String,
        _ access: ChannelKind.Access,
        isCache: Bool = false,
        _ label: String
    ) -> Row {
        let isSigned = access == .authorized || access == .encrypted || access == .presence
        return Row(
            name: name,
            access: access,
            isCache: isCache,
            needsAuthorization: isSigned,
            takesClientEvents: isSigned,
            sendsSubscriptionCount: access != .presence && access != .serverToUser,
            isListed: access != .serverToUser,
            label: label
        )
    }

    @Test("a channel's kind is read from the exact prefix", arguments: rows)
    func readsKind(_ row: Row) {
        let kind = ChannelKind(name: row.name)
        #expect(kind.access == row.access)
        #expect(kind.isCache == row.isCache)
        #expect(kind.needsAuthorization == row.needsAuthorization)
        #expect(kind.isPresence == (row.access == .presence))
        #expect(kind.takesClientEvents == row.takesClientEvents)
        #expect(kind.sendsSubscriptionCount == row.sendsSubscriptionCount)
        #expect(kind.isListed == row.isListed)
        #expect(kind.metricLabel == row.label)
        #expect(ChannelKind.metricLabels.contains(kind.metricLabel))
    }
}
