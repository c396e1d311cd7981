import FoundationEssentials
import ServerCore

/// Shows apps to people and to programs; secrets only where they are asked for.
enum AppReport {
    /// A table with a line for each app.
    static func table(_ apps: [App]) -> [String] {
        TextTable(
            header: ["ID", "KEY", "ENABLED", "SECRETS", "CONNECTIONS", "WEBHOOKS"],
            rows: apps.map { app in
                [
                    visible(app.id), visible(app.key), app.isEnabled ? "yes" : "no",
                    String(1 + app.previousSecrets.count),
                    app.limits.maxConnections == 0 ? "unlimited" : String(app.limits.maxConnections),
                    String(app.webhooks.count),
                ]
            }
        ).alignedLines
    }

    /// One app with a line for each part.
    static func details(_ app: App, withSecret: Bool) throws -> [String] {
        var rows = [["id", visible(app.id)], ["key", visible(app.key)]]
        rows.append(["secret", withSecret ? visible(app.secret) : "(hidden)"])
        if !app.previousSecrets.isEmpty {
            rows.append(["previous secrets", "\(app.previousSecrets.count), still valid"])
        }
        rows.append(["enabled", app.isEnabled ? "yes" : "no"])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        rows.append(["policy", String(decoding: try encoder.encode(app.policy), as: UTF8.self)])
        return TextTable(rows: rows).alignedLines
    }

    /// JSON with the keys of an app object; without secrets they are absent.
    static func json(_ apps: [App], withSecrets: Bool) throws -> String {
        try text(apps.map { AppJSON(app: $0, withSecrets: withSecrets) })
    }

    /// The JSON of one app.
    static func json(_ app: App, withSecret: Bool) throws -> String {
        try text(AppJSON(app: app, withSecrets: withSecret))
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A text without control characters, which a store may hold and a terminal would obey.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
            )
        )
    }
}

/// An app object that may leave its secrets out.
private struct AppJSON: Encodable {
    var app: App
    var withSecrets: Bool

    func encode(to encoder: any Encoder) throws {
        guard !withSecrets else {
            try app.encode(to: encoder)
            return
        }
        var object = encoder.container(keyedBy: App.CodingKeys.self)
        try object.encode(app.id, forKey: .id)
        try object.encode(app.key, forKey: .key)
        try object.encode(app.isEnabled, forKey: .isEnabled)
        try object.encode(app.policy, forKey: .policy)
    }
}
