/// One key of the configuration: its names, its kind, and the place in ``Settings`` that it fills.
///
/// The tables of these are the only place where keys are written down: reading, the search for unknown keys,
/// `config print`, `config env` and the defaults all come from them.
struct SettingKey: Sendable {
    /// The dotted name in files and after `--set`.
    let name: String
    /// The environment variables, the first that is set wins.
    let environment: [String]
    let kind: SettingKind
    let summary: String
    /// A secret is never shown, and each variable has a second form, `NAME_FILE`, that names a file with it.
    let isSecret: Bool
    private let read: @Sendable (Settings) -> SettingValue
    private let write: @Sendable (inout Settings, SettingValue) -> Void

    /// Makes a key from how its value gets out of and into the settings.
    init(
        _ name: String,
        environment: [String],
        kind: SettingKind,
        summary: String,
        isSecret: Bool = false,
        read: @escaping @Sendable (Settings) -> SettingValue,
        write: @escaping @Sendable (inout Settings, SettingValue) -> Void
    ) {
        self.name = name
        self.environment = environment
        self.kind = kind
        self.summary = summary
        self.isSecret = isSecret
        self.read = read
        self.write = write
    }

    /// The value in some settings.
    func value(in settings: Settings) -> SettingValue {
        read(settings)
    }

    /// The value when nobody sets one.
    var defaultValue: SettingValue {
        read(Settings())
    }

    /// Puts a value of this key's kind into settings.
    func store(_ value: SettingValue, in settings: inout Settings) {
        write(&settings, value)
    }
}
