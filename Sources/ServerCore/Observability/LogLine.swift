import Logging

/// One line of the log before it has a form.
struct LogLine {
    var time: LogTimestamp
    var level: Logger.Level
    var label: String
    var message: String
    var metadata: Logger.Metadata

    /// Writes the line as one JSON object with its line feed: `time`, `level`, `logger`, `message`, then the metadata.
    ///
    /// Metadata stands beside the four, ordered by key; a key that is one of the four gets `metadata.` in front.
    func json() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.append(contentsOf: #"{"time":""#.utf8)
        time.append(to: &bytes)
        bytes.append(contentsOf: #"","level":"\#(level.rawValue)","logger":"#.utf8)
        LogText.appendQuoted(label, to: &bytes)
        bytes.append(contentsOf: #","message":"#.utf8)
        LogText.appendQuoted(message, to: &bytes)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: ","))
            let isTaken = ["time", "level", "logger", "message"].contains(key)
            LogText.appendQuoted(isTaken ? "metadata.\(key)" : key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            Self.appendJSON(value, to: &bytes)
        }
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    /// Writes the line for people: time, level, label, message, then `key=value`, ordered by key.
    func human(usesColour: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        time.append(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        if usesColour { bytes.append(contentsOf: "\u{1b}[\(colour)m".utf8) }
        bytes.append(contentsOf: level.rawValue.utf8)
        if usesColour { bytes.append(contentsOf: "\u{1b}[0m".utf8) }
        for _ in 0..<max(1, 9 - level.rawValue.utf8.count) { bytes.append(UInt8(ascii: " ")) }
        LogText.appendEscaped(label, escapesQuotes: false, to: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        LogText.appendEscaped(message, escapesQuotes: false, to: &bytes)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: " "))
            LogText.appendEscaped(key, escapesQuotes: false, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            Self.appendHuman(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private var colour: Int {
        switch level {
        case .trace, .debug: 90
        case .info: 32
        case .notice: 36
        case .warning: 33
        case .error, .critical: 31
        }
    }

    private static func appendJSON(_ value: Logger.MetadataValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text):
            LogText.appendQuoted(text, to: &bytes)
        case .stringConvertible(let number as Int):
            bytes.append(contentsOf: String(number).utf8)
        case .stringConvertible(let isTrue as Bool):
            bytes.append(contentsOf: String(isTrue).utf8)
        case .stringConvertible(let text):
            LogText.appendQuoted(text.description, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                appendJSON(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            bytes.append(UInt8(ascii: "{"))
            for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                LogText.appendQuoted(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                appendJSON(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Appends a value bare if it is one plain word, and otherwise as JSON.
    private static func appendHuman(_ value: Logger.MetadataValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text): appendWord(text, to: &bytes)
        case .stringConvertible(let text): appendWord(text.description, to: &bytes)
        case .array, .dictionary: appendJSON(value, to: &bytes)
        }
    }

    private static func appendWord(_ text: String, to bytes: inout [UInt8]) {
        let isPlain =
            !text.isEmpty && text.utf8.count <= LogText.maxBytes
            && text.utf8.allSatisfy { (0x21..<0x7f).contains($0) && $0 != 0x22 && $0 != 0x3d }
        if isPlain {
            bytes.append(contentsOf: text.utf8)
        } else {
            LogText.appendQuoted(text, to: &bytes)
        }
    }
}
