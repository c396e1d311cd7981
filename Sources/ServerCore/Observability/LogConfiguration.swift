package import Logging

/// How the server logs: where, in which form, from which level on, and how many equal lines it takes.
package struct LogConfiguration: Sendable, Equatable {
    package var format = Format.human
    package var destination = Destination.standardError
    /// Colours the level in the human form.
    package var usesColour = false
    package var level = Logger.Level.info
    /// Levels of areas: a label such as `martlet.webhooks`, or the beginning of labels up to a dot; the longest wins.
    package var areaLevels: [String: Logger.Level] = [:]
    /// Lines a second of one label and message, at `warning` and above; the rest is summed up in a line of its own.
    package var maxEqualLinesPerSecond = 10

    /// Makes the default configuration.
    package init() {}

    /// The form of a line.
    package enum Format: String, Sendable {
        /// One JSON object a line.
        case json
        case human
    }

    /// Where lines go.
    package enum Destination: String, Sendable {
        case standardError = "stderr"
        case standardOutput = "stdout"
    }

    /// The level from which on a logger with this label writes.
    package func level(for label: String) -> Logger.Level {
        var area = Substring(label)
        while true {
            if let level = areaLevels[String(area)] { return level }
            guard let dot = area.lastIndex(of: ".") else { return level }
            area = area[..<dot]
        }
    }
}
