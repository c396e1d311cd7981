/// What was noticed while the configuration was read.
struct Findings: Sendable, Equatable {
    /// Each of these stops the start.
    var problems: [String] = []
    /// None of these does.
    var warnings: [String] = []
}

/// A configuration with which the server cannot start.
struct SettingsError: Error, CustomStringConvertible, Equatable {
    /// One sentence for each problem; at least one.
    var problems: [String]
    /// What else was noticed.
    var warnings: [String]

    var description: String {
        problems.joined(separator: "\n")
    }
}
