package import Foundation

/// The built server, running with a configuration of its own on free ports of 127.0.0.1.
package final class MartletProcess: Sendable {
    /// Why a server is not there to be tested.
    package struct StartFailure: Error, CustomStringConvertible {
        package let description: String
    }

    package let process: ChildProcess
    /// The port of WebSocket connections and the HTTP API.
    package let port: Int
    /// The port of `/metrics`.
    package let metricsPort: Int
    /// The configuration in force, as JSON; scripts read addresses and apps from it.
    package let configurationFile: URL

    private init(process: ChildProcess, port: Int, metricsPort: Int, configurationFile: URL) {
        self.process = process
        self.port = port
        self.metricsPort = metricsPort
        self.configurationFile = configurationFile
    }

    /// Starts a server and returns once it serves.
    ///
    /// `overriding` is JSON that is merged over Tests/EndToEndTests/server.json, object by object; lists are replaced.
    /// `name` names the log and configuration files. `readiness` is asked every few milliseconds until it holds.
    package static func start(
        name: String,
        overriding: String = "{}",
        environment: [String: String] = [:],
        descriptorLimit: Int? = nil,
        readiness: @Sendable (MartletProcess) async -> Bool = { await $0.isLive() }
    ) async throws -> MartletProcess {
        let binary = PackagePaths.executable("martlet")
        guard FileManager.default.isExecutableFile(atPath: binary.path) else {
            throw StartFailure(description: "\(binary.path) is not built")
        }
        let port = FreePort.next()
        let metricsPort = FreePort.next()
        let file = PackagePaths.logs.appending(path: "\(name).json")
        var configuration = try ServerConfiguration.merged(overriding: overriding)
        configuration["port"] = configuration["port"] ?? port
        var metrics = configuration["metrics"] as? [String: Any] ?? [:]
        metrics["port"] = metricsPort
        configuration["metrics"] = metrics
        try FileManager.default.createDirectory(at: PackagePaths.logs, withIntermediateDirectories: true)
        try JSONSerialization.data(withJSONObject: configuration, options: [.prettyPrinted, .sortedKeys])
            .write(to: file)
        let server = MartletProcess(
            process: try ChildProcess(
                binary,
                arguments: ["serve", "--config", file.path],
                environment: environment,
                descriptorLimit: descriptorLimit,
                logFile: PackagePaths.logs.appending(path: "\(name).log")
            ),
            port: port,
            metricsPort: metricsPort,
            configurationFile: file
        )
        try await server.waitUntil(readiness)
        return server
    }

    /// Whether `GET /live` is answered with 200.
    package func isLive() async -> Bool {
        await LoopbackHTTP.status(of: "/live", port: port) == 200
    }

    /// The resident memory in bytes.
    package var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/\(process.pid)/statm", encoding: .utf8))?.split(separator: " ")
        guard let fields, fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(getpagesize())
    }

    /// The number of open descriptors.
    package var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd").count) ?? 0
    }

    /// Asks for the end with SIGTERM and returns the exit status; `nil` if the server had to be killed.
    package func stop(within limit: Duration = .seconds(20)) async -> Int32? {
        process.send(SIGTERM)
        return await process.waitForExit(within: limit)
    }

    private func waitUntil(_ readiness: @Sendable (MartletProcess) async -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(30)
        while await !readiness(self) {
            guard process.isRunning, clock.now < deadline else {
                throw StartFailure(description: "the server did not start; its log ends: \(process.log.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
