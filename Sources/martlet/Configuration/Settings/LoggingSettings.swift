import Logging
import ServerCore

/// How and how much the process logs.
struct LoggingSettings: Sendable, Equatable {
    var format = Format.human
    /// The level where no area has its own.
    var level = LevelName.info
    /// Lines for people are coloured.
    var usesColour = false
    /// What is traced while the rest stays at its level.
    var focus = DebugFocus()
    /// Levels of single areas, by the label of their loggers.
    var areas: [String: LevelName] = [:]

    /// The shapes of a log line.
    enum Format: String, Sendable, CaseIterable {
        case human
        case json
    }

    /// A log level as it is spelled in the configuration; `warn` is an older spelling of `warning`.
    enum LevelName: String, Sendable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
        case critical

        /// The level with a name in any case, or `nil`.
        init?(text: String) {
            let lowered = text.lowercased()
            self.init(rawValue: lowered == "warn" ? "warning" : lowered)
        }

        /// The level as loggers take it.
        var level: Logger.Level {
            switch self {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
        }
    }

    /// The level of an area; debug mode lowers it to `debug` at least.
    func level(of area: String, isDebug: Bool) -> Logger.Level {
        let level = (areas[area] ?? level).level
        return isDebug ? min(level, .debug) : level
    }
}
