import FoundationEssentials

/// The files `~/.aws/config` and `~/.aws/credentials` (AWS SDKs and Tools Reference Guide, "Shared config files").
package struct SharedConfiguration: Sendable, Equatable {
    private var profiles: [String: [String: String]] = [:]
    private var serviceSections: [String: [String: String]] = [:]
    /// `AWS_PROFILE`, or `default`.
    package var defaultProfile = "default"

    /// Makes a configuration of nothing.
    package init() {}

    /// Reads both files, where they exist.
    ///
    /// A file that cannot be read or is no text counts as empty, as the chain of credentials goes on without it.
    package init(environment: AWSEnvironment) {
        let home = environment.variable("HOME") ?? ""
        func text(_ variable: String, _ name: String) -> String {
            let path = environment.variable(variable) ?? "\(home)/.aws/\(name)"
            let expanded = path.hasPrefix("~/") ? home + path.dropFirst() : path
            guard let data = FileManager.default.contents(atPath: expanded), data.count <= 1 << 20 else { return "" }
            return String(decoding: data, as: UTF8.self)
        }
        self.init(
            config: text("AWS_CONFIG_FILE", "config"),
            credentials: text("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        )
        defaultProfile = environment.variable("AWS_PROFILE") ?? "default"
    }

    /// Reads the texts of both files; the credentials file wins where both set a value.
    package init(config: String, credentials: String) {
        for (section, values) in IniFile.parse(config) {
            let words = section.split(separator: " ", maxSplits: 1).map { $0.trimmed }
            if section == "default" {
                profiles["default", default: [:]].merge(values) { $1 }
            } else if words.count == 2, words[0] == "profile" {
                profiles[words[1], default: [:]].merge(values) { $1 }
            } else if words.count == 2, words[0] == "services" {
                serviceSections[words[1], default: [:]].merge(values) { $1 }
            }
        }
        for (section, values) in IniFile.parse(credentials) {
            profiles[section, default: [:]].merge(values) { $1 }
        }
    }

    /// The values of a profile, by default of the chosen one; none if there is no such profile.
    package func profile(_ name: String?) -> [String: String] {
        profiles[name ?? defaultProfile] ?? [:]
    }

    /// Says whether a profile exists.
    package func hasProfile(_ name: String) -> Bool {
        profiles[name] != nil
    }

    /// The values of a section `services`, each named `service.key`.
    func services(_ name: String?) -> [String: String] {
        name.flatMap { serviceSections[$0] } ?? [:]
    }
}

extension Substring {
    /// The text without blanks and line ends around it.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        guard let start = firstIndex(where: { !isBlank($0) }), let end = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[start...end])
    }
}
