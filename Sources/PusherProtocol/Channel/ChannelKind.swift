/// What a channel's prefix says about it (Pusher protocol 7, "Channels").
///
/// A prefix counts with its hyphen only: `privateer` and `private` are public channels.
package struct ChannelKind: Sendable, Equatable {
    package var access: Access
    /// The last event published through the HTTP API is kept for later subscribers.
    package var isCache: Bool

    /// Who may subscribe.
    package enum Access: Sendable, Equatable {
        /// Anyone.
        case open
        /// Holders of a signed auth string.
        case authorized
        /// As `authorized`; the server only relays ciphertext.
        case encrypted
        /// As `authorized`, with an identity that the other members see.
        case presence
        /// The connection that is signed in as the user in the name.
        case serverToUser
    }

    /// Reads the kind from a channel's name.
    package init(name: String) {
        var name = name
        self = name.withUTF8 { Self(bytes: UnsafeRawBufferPointer($0)) }
    }

    private init(bytes: UnsafeRawBufferPointer) {
        // Most names are those of public channels, which no prefix begins like.
        guard let first = bytes.first,
            first == UInt8(ascii: "p") || first == UInt8(ascii: "c") || first == UInt8(ascii: "#")
        else {
            self.init(.open)
            return
        }
        for (prefix, kind) in Self.prefixes where bytes.starts(with: prefix) {
            self = kind
            return
        }
        self.init(.open)
    }

    private init(_ access: Access, isCache: Bool = false) {
        self.access = access
        self.isCache = isCache
    }

    /// A subscription needs an auth string.
    package var needsAuthorization: Bool {
        switch access {
        case .authorized, .encrypted, .presence: true
        case .open, .serverToUser: false
        }
    }

    /// Members are announced.
    package var isPresence: Bool { access == .presence }

    /// Subscribers may send client events to each other.
    package var takesClientEvents: Bool { needsAuthorization }

    /// Subscribers can be told how many connections there are.
    package var sendsSubscriptionCount: Bool {
        switch access {
        case .open, .authorized, .encrypted: true
        case .presence, .serverToUser: false
        }
    }

    /// The channel shows in listings and its edges in webhooks.
    package var isListed: Bool { access != .serverToUser }

    /// The value of Sockudo's `channel_type` metric label.
    package var metricLabel: String {
        switch access {
        case _ where isCache: "cache"
        case .open: "public"
        case .authorized: "private"
        case .encrypted: "private_encrypted"
        case .presence: "presence"
        case .serverToUser: "server_to_user"
        }
    }

    /// The labels that `metricLabel` can have.
    package static let metricLabels = ["cache", "public", "private", "private_encrypted", "presence", "server_to_user"]

    // Longest first, so that the first match is the right one.
    private static let prefixes: [([UInt8], ChannelKind)] = [
        (Array("private-encrypted-cache-".utf8), ChannelKind(.encrypted, isCache: true)),
        (Array("private-encrypted-".utf8), ChannelKind(.encrypted)),
        (Array("private-cache-".utf8), ChannelKind(.authorized, isCache: true)),
        (Array("private-".utf8), ChannelKind(.authorized)),
        (Array("presence-cache-".utf8), ChannelKind(.presence, isCache: true)),
        (Array("presence-".utf8), ChannelKind(.presence)),
        (Array("cache-".utf8), ChannelKind(.open, isCache: true)),
        (Array(ChannelName.serverToUserPrefix.utf8), ChannelKind(.serverToUser)),
    ]
}
