import Foundation

/// Runs the scripts of Tests/EndToEndTests/Python with the clients of requirements.txt.
///
/// A script holds scenarios, each a sentence, and writes one JSON object per line and scenario:
/// `{"scenario": "…", "ok": true}`, or with `"ok": false` and `"detail": "…"`. Its last line is
/// `{"finished": <number of scenarios>}`.
package enum PythonClient {
    /// Whether the virtual environment is there.
    package static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: PackagePaths.python.path)
    }

    /// Whether tests that need the scripts run: a missing environment skips them locally and fails them under CI.
    package static var runsTests: Bool {
        isInstalled || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// What a person can do about a missing environment.
    package static let remedy: String = "the Python clients are missing: run `make test`, or `bash .ci/install test`"

    /// The outcome of one scenario.
    package struct Outcome: Sendable, Decodable {
        package let scenario: String
        package let ok: Bool
        package let detail: String?
    }

    private struct Closing: Decodable {
        let finished: Int
    }

    /// Why the outcome of a script is not known.
    package struct ScriptFailure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs `script` and returns the outcomes of its scenarios.
    ///
    /// Throws if the script cannot run, ends early, takes longer than `limit` or runs no scenario.
    package static func run(
        _ script: String,
        arguments: [String],
        name: String,
        limit: Duration
    ) async throws -> [Outcome] {
        guard isInstalled else { throw ScriptFailure(description: remedy) }
        let process = try ChildProcess(
            PackagePaths.python,
            arguments: ["-u", PackagePaths.scripts.appending(path: script).path] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"],
            logFile: PackagePaths.logs.appending(path: "\(name).out")
        )
        let status = await process.waitForExit(within: limit)
        let lines = process.log.split(separator: "\n").filter { $0.hasPrefix("{") }
        let decoder = JSONDecoder()
        let outcomes = lines.compactMap { try? decoder.decode(Outcome.self, from: Data($0.utf8)) }
        let closing = lines.last.flatMap { try? decoder.decode(Closing.self, from: Data($0.utf8)) }
        guard let closing, closing.finished == outcomes.count, closing.finished > 0 else {
            let end = status.map { "ended with status \($0)" } ?? "was stopped after \(limit)"
            throw ScriptFailure(description: "\(script) \(end); its output ends: \(process.log.suffix(3000))")
        }
        return outcomes
    }
}
