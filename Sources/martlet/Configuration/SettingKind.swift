import Configuration

/// What the text of a value must look like, and in which unit it counts.
enum SettingKind: Sendable, Equatable {
    case bool
    case number
    /// A number, or `none`, `0` or null for no such limit.
    case limit
    case seconds
    case milliseconds
    case bytes
    case kibibytes
    case mebibytes
    case text
    case list
    /// Pairs such as `hub=debug,http=warning`, in files a table.
    case levels
    case choice([String])
    /// The backend of a role; a value that is none of the offers has an error of its own.
    case driver(role: String, offers: [String])
    /// The apps themselves, which only a file can hold.
    case apps

    /// The type under which the value is read.
    var contentType: ConfigType {
        switch self {
        case .bool: .bool
        case .number, .seconds, .milliseconds, .bytes, .kibibytes, .mebibytes: .int
        case .list, .levels: .stringArray
        case .limit, .text, .choice, .driver, .apps: .string
        }
    }

    /// Names the kind in a table.
    var name: String {
        switch self {
        case .bool: "true or false"
        case .number: "number"
        case .limit: "number or none"
        case .seconds: "seconds"
        case .milliseconds: "milliseconds"
        case .bytes: "bytes"
        case .kibibytes: "KiB"
        case .mebibytes: "MiB"
        case .text: "text"
        case .list: "list"
        case .levels: "area=level list"
        case .choice(let choices): choices.joined(separator: " | ")
        case .driver(_, let offers): offers.joined(separator: " | ")
        case .apps: "list of apps"
        }
    }

    /// Says what a value must be, after "must be".
    var expectation: String {
        switch self {
        case .bool: "true or false"
        case .number: "a whole number, at least 0"
        case .limit: "a whole number, at least 0, or none"
        case .bytes, .kibibytes, .mebibytes, .seconds, .milliseconds:
            "a whole number of \(name), from 0 to \(largest)"
        case .text: "text"
        case .list: "a list of texts"
        case .levels:
            "a table of areas and levels (\(LoggingSettings.LevelName.allCases.map(\.rawValue).joined(separator: ", ")))"
        case .choice(let choices): choices.count == 1 ? choices[0] : "one of \(choices.joined(separator: ", "))"
        case .driver(_, let offers): "one of \(offers.joined(separator: ", "))"
        case .apps: "a list of app tables"
        }
    }

    /// The largest number, which keeps every product with the unit far from overflow.
    var largest: Int {
        switch self {
        case .seconds: 1_000_000_000
        case .milliseconds: 1_000_000_000_000
        case .kibibytes, .mebibytes: 1 << 31
        default: 1 << 53
        }
    }

    /// Understands what was read, or returns `nil` if it is malformed.
    func value(of content: ConfigContent) -> SettingValue? {
        switch (self, content) {
        case (.bool, .bool(let flag)): .flag(flag)
        case (.number, .int(let number)), (.seconds, .int(let number)), (.milliseconds, .int(let number)),
            (.bytes, .int(let number)), (.kibibytes, .int(let number)), (.mebibytes, .int(let number)):
            (0...largest).contains(number) ? .number(number) : nil
        case (.limit, .string(let text)): Self.limit(text, largest: largest)
        case (.text, .string(let text)): .text(text)
        case (.list, .stringArray(let texts)): .list(texts)
        case (.levels, .stringArray(let texts)): Self.levels(texts)
        case (.choice(let choices), .string(let text)), (.driver(_, let choices), .string(let text)):
            choices.contains(text.lowercased()) ? .text(text.lowercased()) : nil
        default: nil
        }
    }

    private static func limit(_ text: String, largest: Int) -> SettingValue? {
        if text.lowercased() == "none" { return SettingValue.none }
        guard let number = Int(text), (0...largest).contains(number) else { return nil }
        return number == 0 ? SettingValue.none : .number(number)
    }

    private static func levels(_ texts: [String]) -> SettingValue? {
        var levels: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty,
                let level = LoggingSettings.LevelName(text: String(parts[1]))
            else { return nil }
            levels[String(parts[0])] = level.rawValue
        }
        return .pairs(levels)
    }
}
