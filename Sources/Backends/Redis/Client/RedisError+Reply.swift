extension RedisError {
    /// Understands an error reply by its kind.
    init(reply text: String, to command: RedisCommand, at address: RedisAddress) {
        let code: Code =
            switch text.prefix(while: { $0 != " " }) {
            case "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY", "BUSY", "NOREPLICAS":
                .notServing
            case "NOSCRIPT": .unknownScript
            case "OOM": .outOfMemory
            default: .refused
            }
        // Some errors repeat arguments, and those of AUTH are secret.
        let shown = command.name == "AUTH" ? text.prefix { $0 != " " } : text.prefix(200)
        self.init(code, "\(address) answered \(command.name) with \(shown)")
    }
}
