import Foundation
import TestSupport
import Testing

/// Runs scripts against servers and reports what their scenarios found.
enum Scenarios {
    /// Three scripts at a time keep two cores busy without starving anyone's deadline.
    private static let turnstile = Turnstile(seats: 3)

    /// Starts a server, runs `script` against it, stops the server and records an issue for each failed scenario.
    ///
    /// `weight` is the share of the machine that the test wants, out of three. `exitStatus` is what the server must end
    /// with, `nil` for any; the script may have ended it already.
    static func run(
        _ script: String,
        name: String? = nil,
        arguments: [String] = [],
        overriding: String = "{}",
        environment: [String: String] = [:],
        descriptorLimit: Int? = nil,
        weight: Int = 1,
        limit: Duration = .seconds(120),
        exitStatus: Int32? = 0,
        readiness: @escaping @Sendable (MartletProcess) async -> Bool = { await $0.isLive() },
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let name = name ?? String(script.prefix { $0 != "." })
        try await turnstile.run(seats: weight) {
            let server = try await MartletProcess.start(
                name: name,
                overriding: overriding,
                environment: environment,
                descriptorLimit: descriptorLimit,
                readiness: readiness
            )
            try await check(
                script,
                name: name,
                arguments: [
                    "--config", server.configurationFile.path,
                    "--pid", "\(server.process.pid)",
                    "--log", server.process.logFile.path,
                ] + arguments,
                limit: limit,
                sourceLocation: sourceLocation
            )
            let status = await server.stop()
            guard let exitStatus else { return }
            #expect(
                status == exitStatus,
                "the server must end by itself; its log: \(server.process.logFile.path)",
                sourceLocation: sourceLocation
            )
        }
    }

    /// Runs `work` when `weight` thirds of the machine are free.
    static func takingTurns(weight: Int, _ work: () async throws -> Void) async throws {
        try await turnstile.run(seats: weight, work)
    }

    /// Runs `script` and records an issue for each scenario that failed.
    static func check(
        _ script: String,
        name: String,
        arguments: [String],
        limit: Duration,
        sourceLocation: SourceLocation
    ) async throws {
        let outcomes = try await PythonClient.run(script, arguments: arguments, name: name, limit: limit)
        for outcome in outcomes where !outcome.ok {
            Issue.record("\(outcome.scenario): \(outcome.detail ?? "")", sourceLocation: sourceLocation)
        }
    }
}
