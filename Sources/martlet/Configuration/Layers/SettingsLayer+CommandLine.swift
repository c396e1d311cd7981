extension SettingsLayer {
    /// Makes the layer of the command line.
    init(commandLine: CommandLineSettings, findings: inout Findings) {
        var entries: [String: Entry] = [:]
        for assignment in commandLine.assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                findings.problems.append("command line: --set needs KEY=VALUE")
                continue
            }
            let name = String(parts[0])
            guard let key = KeyTable.byName[name], key.kind != .apps else {
                findings.warnings.append(UnknownKeys.warning(about: name, in: "command line"))
                continue
            }
            entries[name] = Entry(node: .string(String(parts[1])), origin: "command line --set \(name)")
        }
        for (name, option, value) in [
            ("host", "--host", commandLine.host),
            ("port", "--port", commandLine.port),
            ("debug", "--debug", commandLine.isDebug ? "true" : nil),
        ] {
            if let value {
                entries[name] = Entry(node: .string(value), origin: "command line \(option)")
            }
        }
        self.init(name: "command line", entries: entries)
    }
}

/// What the command line says about the configuration.
struct CommandLineSettings: Sendable, Equatable {
    /// The path of a file that takes the place of the ones in `config`.
    var configPath: String?
    /// Texts such as `websocket.max_messages=500`.
    var assignments: [String] = []
    var host: String?
    var port: String?
    var isDebug = false
}
