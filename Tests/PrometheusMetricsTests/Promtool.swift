import Foundation

/// Runs `promtool check metrics`, the linter that comes with Prometheus.
enum Promtool {
    /// Where the tool is, if it is installed.
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Tests that need the tool run if it is there, and always in continuous integration, where they then fail.
    static let isExpected = path != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    /// What to do when a test was skipped.
    static let advice = "promtool is missing; install the Debian package prometheus"

    /// The tool could not be run.
    struct Missing: Error, CustomStringConvertible {
        let description = Promtool.advice
    }

    /// Lints an exposition and returns the complaints; none means that it passed.
    static func check(_ exposition: [UInt8]) throws -> String {
        guard let path else { throw Missing() }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).prom")
        try Data(exposition).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["check", "metrics"]
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: said, as: UTF8.self)
        return process.terminationStatus == 0 ? text : "status \(process.terminationStatus): \(text)"
    }
}
