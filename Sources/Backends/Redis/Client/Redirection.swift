/// Where a node of a cluster sends a command that it does not serve.
enum Redirection: Equatable {
    /// The slot is served elsewhere, from now on.
    case moved(slot: Int, to: RedisAddress)
    /// The slot is on its way elsewhere: this one command goes there, after ASKING.
    case ask(RedisAddress)

    /// Understands an error such as `MOVED 3999 10.0.0.1:6381`; an empty host is that of the node which answered.
    init?(_ error: String, from node: RedisAddress) {
        let parts = error.split(separator: " ")
        guard parts.count >= 3, let slot = Int(parts[1]), (0..<HashSlot.count).contains(slot),
            let colon = parts[2].lastIndex(of: ":"), let port = Int(parts[2][parts[2].index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = parts[2][..<colon]
        let address = RedisAddress(host: host.isEmpty || host == "?" ? node.host : String(host), port: port)
        switch parts[0] {
        case "MOVED": self = .moved(slot: slot, to: address)
        case "ASK": self = .ask(address)
        default: return nil
        }
    }
}
