import Foundation

/// A service that a script of this folder runs beside the tests.
///
/// The script writes one line of JSON once the service can be used, and ends when the test run does.
final class ServiceScript: Sendable {
    /// Why a service is not there.
    struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    let process: ChildProcess
    /// What the script wrote when it was ready.
    let facts: [String: String]

    /// Starts a script and waits until it is ready.
    init(_ script: String, arguments: [String], name: String) async throws {
        let process = try ChildProcess(
            PackagePaths.python,
            arguments: ["-u", Self.folder.appending(path: script).path] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"],
            logFile: PackagePaths.logs.appending(path: "\(name).log")
        )
        var line: Substring?
        try await Eventually.holds("\(script) is ready", within: .seconds(90)) {
            line = process.log.split(separator: "\n").first { $0.hasPrefix("{") }
            return line != nil || !process.isRunning
        }
        guard let line else {
            throw StartFailure(description: "\(script) ended: \(process.log.suffix(2000))")
        }
        self.process = process
        facts = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
}
