import ServerCore

/// A place in the settings, writable and free to share.
typealias SettingPath<Value> = any WritableKeyPath<Settings, Value> & Sendable

extension SettingKey {
    /// A switch.
    static func flag(_ name: String, _ env: String..., at path: SettingPath<Bool>, _ summary: String) -> SettingKey {
        SettingKey(name, environment: env, kind: .bool, summary: summary) {
            .flag($0[keyPath: path])
        } write: { settings, value in
            if case .flag(let flag) = value { settings[keyPath: path] = flag }
        }
    }

    /// A switch that has a third position as long as nobody touches it.
    static func optionalFlag(
        _ name: String,
        _ env: String...,
        at path: SettingPath<Bool?>,
        _ summary: String
    ) -> SettingKey {
        SettingKey(name, environment: env, kind: .bool, summary: summary) {
            $0[keyPath: path].map(SettingValue.flag) ?? .none
        } write: { settings, value in
            if case .flag(let flag) = value {
                settings[keyPath: path] = flag
            } else {
                settings[keyPath: path] = nil
            }
        }
    }

    /// A count.
    static func number(_ name: String, _ env: String..., at path: SettingPath<Int>, _ summary: String) -> SettingKey {
        scaled(name, env, .number, by: 1, at: path, summary)
    }

    /// A size, in bytes in the settings and in the unit of the kind outside.
    static func size(
        _ name: String,
        _ env: String...,
        in kind: SettingKind,
        at path: SettingPath<Int>,
        _ summary: String
    ) -> SettingKey {
        let factor =
            switch kind {
            case .kibibytes: 1024
            case .mebibytes: 1024 * 1024
            default: 1
            }
        return scaled(name, env, kind, by: factor, at: path, summary)
    }

    private static func scaled(
        _ name: String,
        _ env: [String],
        _ kind: SettingKind,
        by factor: Int,
        at path: SettingPath<Int>,
        _ summary: String
    ) -> SettingKey {
        SettingKey(name, environment: env, kind: kind, summary: summary) {
            .number($0[keyPath: path] / factor)
        } write: { settings, value in
            if case .number(let number) = value { settings[keyPath: path] = number * factor }
        }
    }

    /// A bound that can be off.
    static func limit(_ name: String, _ env: String..., at path: SettingPath<Int?>, _ summary: String) -> SettingKey {
        SettingKey(name, environment: env, kind: .limit, summary: summary) {
            $0[keyPath: path].map(SettingValue.number) ?? .none
        } write: { settings, value in
            if case .number(let number) = value {
                settings[keyPath: path] = number
            } else {
                settings[keyPath: path] = nil
            }
        }
    }

    /// A time, in seconds outside.
    static func seconds(
        _ name: String,
        _ env: String...,
        at path: SettingPath<Duration>,
        _ summary: String
    )
        -> SettingKey
    {
        SettingKey(name, environment: env, kind: .seconds, summary: summary) {
            .number(Int($0[keyPath: path].components.seconds))
        } write: { settings, value in
            if case .number(let number) = value { settings[keyPath: path] = .seconds(number) }
        }
    }

    /// A time, in milliseconds outside.
    static func milliseconds(
        _ name: String,
        _ env: String...,
        at path: SettingPath<Duration>,
        _ summary: String
    )
        -> SettingKey
    {
        SettingKey(name, environment: env, kind: .milliseconds, summary: summary) {
            .number(Int($0[keyPath: path].wholeMilliseconds))
        } write: { settings, value in
            if case .number(let number) = value { settings[keyPath: path] = .milliseconds(number) }
        }
    }

    /// A text.
    static func text(_ name: String, _ env: String..., at path: SettingPath<String>, _ summary: String) -> SettingKey {
        SettingKey(name, environment: env, kind: .text, summary: summary) {
            .text($0[keyPath: path])
        } write: { settings, value in
            if case .text(let text) = value { settings[keyPath: path] = text }
        }
    }

    /// A text that may be absent, which an empty one is too.
    static func optionalText(
        _ name: String,
        _ env: String...,
        at path: SettingPath<String?>,
        isSecret: Bool = false,
        _ summary: String
    ) -> SettingKey {
        SettingKey(name, environment: env, kind: .text, summary: summary, isSecret: isSecret) {
            $0[keyPath: path].map(SettingValue.text) ?? .none
        } write: { settings, value in
            if case .text(let text) = value { settings[keyPath: path] = text.isEmpty ? nil : text }
        }
    }

    /// A list of texts, separated by commas outside of files.
    static func list(
        _ name: String,
        _ env: String...,
        at path: SettingPath<[String]>,
        isSecret: Bool = false,
        _ summary: String
    ) -> SettingKey {
        SettingKey(name, environment: env, kind: .list, summary: summary, isSecret: isSecret) {
            .list($0[keyPath: path])
        } write: { settings, value in
            if case .list(let texts) = value { settings[keyPath: path] = texts }
        }
    }

    /// One of some names.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ env: String...,
        at path: SettingPath<Choice>,
        _ summary: String
    ) -> SettingKey {
        chosen(name, env, .choice(Choice.allCases.map(\.rawValue)), at: path, summary)
    }

    /// The backend of a role.
    static func driver<Driver: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ env: String...,
        role: String,
        at path: SettingPath<Driver>
    ) -> SettingKey {
        let kind = SettingKind.driver(role: role, offers: Driver.allCases.map(\.rawValue))
        return chosen(name, env, kind, at: path, "What backs the \(role)")
    }

    private static func chosen<Choice: RawRepresentable<String> & Sendable>(
        _ name: String,
        _ env: [String],
        _ kind: SettingKind,
        at path: SettingPath<Choice>,
        _ summary: String
    ) -> SettingKey {
        SettingKey(name, environment: env, kind: kind, summary: summary) {
            .text($0[keyPath: path].rawValue)
        } write: { settings, value in
            if case .text(let text) = value, let choice = Choice(rawValue: text) {
                settings[keyPath: path] = choice
            }
        }
    }
}
