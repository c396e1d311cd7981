/// A server that a transport talks to.
enum TransportPlace: Hashable, Sendable, CustomStringConvertible {
    /// The one there is, or the master that the sentinels name.
    case master
    case node(RedisAddress)

    var description: String {
        switch self {
        case .master: "the master"
        case .node(let address): "\(address)"
        }
    }
}
