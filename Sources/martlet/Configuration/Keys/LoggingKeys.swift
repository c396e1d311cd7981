import ServerCore

/// Logging; `LOG_OUTPUT_FORMAT` is Sockudo's, the rest is Martlet's own.
enum LoggingKeys {
    static let all: [SettingKey] = [
        .choice("log.format", "LOG_OUTPUT_FORMAT", at: \.logging.format, "Shape of a log line"),
        .flag("log.colours", "LOG_COLORS_ENABLED", at: \.logging.usesColour, "Colour human-readable lines"),
        .optionalText("trace.socket", "MARTLET_TRACE_SOCKET", at: \.logging.focus.socketID, "Socket id to trace"),
        .optionalText("trace.channel", "MARTLET_TRACE_CHANNEL", at: \.logging.focus.channel, "Channel to trace"),
        .optionalText("trace.app", "MARTLET_TRACE_APP", at: \.logging.focus.appID, "App id to trace"),
        SettingKey(
            "log.level",
            environment: ["LOG_LEVEL"],
            kind: .choice(LoggingSettings.LevelName.allCases.map(\.rawValue) + ["warn"]),
            summary: "Least level that is logged"
        ) {
            .text($0.logging.level.rawValue)
        } write: { settings, value in
            if case .text(let text) = value, let level = LoggingSettings.LevelName(text: text) {
                settings.logging.level = level
            }
        },
        SettingKey(
            "log.levels",
            environment: ["LOG_LEVELS"],
            kind: .levels,
            summary: "Levels of single areas"
        ) {
            .pairs($0.logging.areas.mapValues(\.rawValue))
        } write: { settings, value in
            if case .pairs(let pairs) = value {
                settings.logging.areas = pairs.compactMapValues(LoggingSettings.LevelName.init(text:))
            }
        },
    ]
}
