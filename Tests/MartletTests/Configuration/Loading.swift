@testable import martlet

/// Loads settings from what a test gives, and from nothing else.
func load(
    _ environment: [String: String] = [:],
    set assignments: [String] = [],
    port: String? = nil,
    file text: String? = nil,
    named name: String = "config/config.json"
) async throws -> LoadedSettings {
    let directory = try TemporaryDirectory()
    if let text {
        try directory.write(text, to: name)
    }
    let loader = SettingsLoader(
        environment: environment,
        commandLine: CommandLineSettings(assignments: assignments, port: port),
        directory: directory.path
    )
    return try await loader.load()
}

/// The problems with which loading ends; empty if it does not fail.
func problems(
    _ environment: [String: String] = [:],
    set assignments: [String] = [],
    file text: String? = nil,
    named name: String = "config/config.json"
) async throws -> [String] {
    do {
        _ = try await load(environment, set: assignments, file: text, named: name)
        return []
    } catch let error as SettingsError {
        return error.problems
    }
}
