/// Every key that has an effect, in the order in which they are shown.
enum KeyTable {
    static let all: [SettingKey] =
        ServerKeys.all + TLSKeys.all + WebSocketKeys.all + HTTPAPIKeys.all + RateLimiterKeys.all + ChannelKeys.all
        + WebhookKeys.all
        + MetricsKeys.all + LoggingKeys.all + ShutdownKeys.all + AppManagerKeys.all + DefaultAppKeys.all
        + BackendKeys.all + AdapterKeys.all + RedisKeys.all + AWSKeys.all

    /// The keys by name.
    static let byName: [String: SettingKey] = Dictionary(
        all.map { ($0.name, $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// The names of everything above a key, such as `websocket` above `websocket.max_messages`.
    static let sections: Set<String> = Set(
        all.flatMap { key -> [String] in
            let parts = key.name.split(separator: ".")
            return (1..<max(parts.count, 1)).map { parts[..<$0].joined(separator: ".") }
        }
    )

    /// Every variable that is read, with the `_FILE` forms of the secrets.
    static let environmentNames: Set<String> = Set(
        all.flatMap { key in key.environment + (key.isSecret ? key.environment.map { "\($0)_FILE" } : []) }
    )
}
