/// Logging; `LOG_OUTPUT_FORMAT` is Sockudo's, the rest is Martlet's own.
enum LoggingKeys {
    static let all: [SettingKey] = [
        .choice("log.format", "LOG_OUTPUT_FORMAT", at: \.logging.format, "Shape of a log line"),
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
