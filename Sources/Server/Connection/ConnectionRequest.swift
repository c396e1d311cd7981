import PusherProtocol

/// What a WebSocket client asked for in its opening request.
struct ConnectionRequest: Sendable {
    var target: Target
    /// The `Origin` header, where there is one.
    var origin: String?
    /// The `protocol` query parameter.
    var protocolVersion: String?
    /// The `version` query parameter.
    var libraryVersion: String?
    /// The address that limits and logs see.
    var clientAddress: String

    /// What the path names.
    enum Target: Sendable, Equatable {
        case app(key: String)
        /// No path of this server; the client is told so inside the socket, where browsers can see it.
        case unknown
    }
}
