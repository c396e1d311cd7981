import ServerCore

/// The configuration as people read it; a secret never appears in it.
enum ConfigurationReport {
    /// What stands in the place of a secret.
    static let mask = "********"

    /// The problems of a configuration with which the server cannot start.
    static func lines(of error: SettingsError) -> [String] {
        error.warnings.map { "warning: \($0)" } + error.problems.map { "error: \($0)" }
    }

    /// The result of a check that found no problem.
    static func checkLines(of loaded: LoadedSettings) -> [String] {
        loaded.warnings.map { "warning: \($0)" } + ["The configuration is valid."]
    }

    /// Every key with its value and where the value stands, and one line for each app.
    static func printLines(of loaded: LoadedSettings) -> [String] {
        let rows = KeyTable.all.map { key in
            [
                "\(key.name) = \(shown(key.value(in: loaded.settings), of: key))",
                loaded.origins[key.name] ?? "default",
            ]
        }
        let apps = loaded.settings.appManager.apps.map { app in
            let state = app.isEnabled ? "enabled" : "disabled"
            return "app \(app.id): key \(app.key), secret \(mask), \(state), webhooks \(app.webhooks.count)"
        }
        return TextTable(header: nil, rows: rows).alignedLines + apps
    }

    /// Every key with its kind, default and variables, and for a document its purpose.
    static func keyTable(withPurpose: Bool) -> TextTable {
        TextTable(
            header: ["Key", "Kind", "Default", "Environment"] + (withPurpose ? ["Purpose"] : []),
            rows: KeyTable.all.map { key in
                let variables = key.environment + (key.isSecret ? key.environment.map { "\($0)_FILE" } : [])
                let purpose = key.summary + (key.isSecret ? " (secret)" : "")
                return [
                    key.name,
                    key.kind.name,
                    key.defaultValue.isEmpty ? "" : key.defaultValue.description,
                    variables.joined(separator: ", "),
                ] + (withPurpose ? [purpose] : [])
            }
        )
    }

    private static func shown(_ value: SettingValue, of key: SettingKey) -> String {
        if value.isEmpty { return "none" }
        return key.isSecret ? mask : value.description
    }
}
