import Configuration

/// One source of values, above or below others: the environment, the command line, or a file.
///
/// Conforms to swift-configuration's provider, so that a ``ConfigReader`` finds the uppermost value and raises the error
/// of a malformed one instead of looking further down.
struct SettingsLayer: Sendable {
    /// The name of the whole layer.
    let providerName: String
    private let entries: [String: Entry]

    /// A value and where exactly it stands, such as `environment variable PORT`.
    struct Entry: Sendable {
        var node: ConfigNode
        var origin: String
    }

    /// Makes a layer of values by key.
    init(name: String, entries: [String: Entry]) {
        self.providerName = name
        self.entries = entries
    }

    /// Says where the layer has a key's value, or returns `nil` if it has none.
    func origin(of name: String) -> String? {
        entries[name]?.origin
    }

    /// The value of a key as it stands.
    func node(of name: String) -> ConfigNode? {
        entries[name]?.node
    }
}

/// A value that is not of its key's kind.
struct MalformedValue: Error, Equatable {
    /// Where it stands.
    var origin: String
}

extension SettingsLayer: ConfigProvider, ConfigSnapshot {
    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        guard let entry = entries[name] else { return LookupResult(encodedKey: name, value: nil) }
        guard let content = entry.node.content(as: type) else { throw MalformedValue(origin: entry.origin) }
        let isSecret = KeyTable.byName[name]?.isSecret ?? true
        return LookupResult(encodedKey: entry.origin, value: ConfigValue(content, isSecret: isSecret))
    }

    nonisolated(nonsending) func fetchValue(
        forKey key: AbsoluteConfigKey,
        type: ConfigType
    ) async throws -> LookupResult {
        try value(forKey: key, type: type)
    }

    nonisolated(nonsending) func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey,
        type: ConfigType,
        updatesHandler:
            nonisolated(nonsending) (ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>) async throws ->
            Return
    ) async throws -> Return {
        try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    func snapshot() -> any ConfigSnapshot {
        self
    }

    nonisolated(nonsending) func watchSnapshot<Return: ~Copyable>(
        updatesHandler:
            nonisolated(nonsending) (ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>) async throws -> Return
    ) async throws -> Return {
        try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }
}
