package import Foundation
import Synchronization

/// A redis-server on a free port of 127.0.0.1 that keeps nothing on disk.
package final class RedisServer: Sendable {
    /// The port for plain connections, or for TLS if it was started so.
    package let port: Int
    /// The folder of its configuration and log.
    package let folder: URL
    private let plan: Plan
    private let process: Mutex<ChildProcess>

    /// How the server is started, and how the test itself talks to it.
    private struct Plan {
        var port: Int
        var folder: URL
        var arguments: [String]
        var password: String?
        var usesTLS = false
    }

    /// One server for all tests that only need some Redis; tests keep apart by their keys.
    package static let shared = SharedService { try await RedisServer.start() }

    private init(_ plan: Plan) throws {
        port = plan.port
        folder = plan.folder
        self.plan = plan
        process = Mutex(try Self.launch(plan))
    }

    deinit {
        let process = process.withLock(\.self)
        process.send(SIGKILL)
        ServiceFolder.hasEnded(process)
    }

    /// Starts a server and returns once it answers.
    ///
    /// `options` are further arguments; `password` is the default user's, for the test's own commands.
    package static func start(
        name: String = "redis",
        port: Int = FreePort.next(),
        options: [String] = [],
        password: String? = nil,
        usesTLS: Bool = false
    ) async throws -> RedisServer {
        let folder = try ServiceFolder.make(name)
        let ports = usesTLS ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"]
        let arguments =
            ["--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly", "no"] + ports + options
        let plan = Plan(port: port, folder: folder, arguments: arguments, password: password, usesTLS: usesTLS)
        let server = try RedisServer(plan)
        try await server.waitUntilReady()
        return server
    }

    /// Starts a sentinel with a configuration file, which it rewrites.
    static func startSentinel(file: URL, port: Int, password: String?) async throws -> RedisServer {
        let secret = password.map { ["--requirepass", $0] } ?? []
        let arguments = [file.path, "--sentinel", "--bind", "127.0.0.1", "--port", "\(port)"] + secret
        let folder = file.deletingLastPathComponent()
        let server = try RedisServer(Plan(port: port, folder: folder, arguments: arguments, password: password))
        try await server.waitUntilReady()
        return server
    }

    /// Starts the server again after its process has ended, empty.
    package func restart() async throws {
        let process = try Self.launch(plan)
        self.process.withLock { $0 = process }
        try await waitUntilReady()
    }

    /// Ends the process without a chance to say goodbye.
    package func kill() async {
        let process = process.withLock(\.self)
        process.send(SIGKILL)
        _ = await process.waitForExit(within: .seconds(10))
        ServiceFolder.hasEnded(process)
    }

    /// Sends a signal, such as SIGSTOP.
    package func send(_ signal: Int32) {
        process.withLock(\.self).send(signal)
    }

    /// Runs a command and returns its reply as text, the elements of an array on lines of their own.
    @discardableResult
    package func control(_ words: String..., database: Int = 0) throws -> String {
        try run(words, database: database)
    }

    /// Runs a command and returns `nil` if it failed.
    package func tryControl(_ words: String...) -> String? {
        do {
            return try run(words, database: 0)
        } catch {
            return nil
        }
    }

    private func run(_ words: [String], database: Int) throws -> String {
        var control = try RedisControl(port: port)
        if let password = plan.password { _ = try control.run(["AUTH", password]) }
        if database != 0 { _ = try control.run(["SELECT", "\(database)"]) }
        return try control.run(words)
    }

    private static func launch(_ plan: Plan) throws -> ChildProcess {
        let process = try ChildProcess(
            try ServiceProgram.redisServer.requireExecutable(),
            arguments: plan.arguments,
            logFile: plan.folder.appending(path: "log")
        )
        ServiceFolder.endAtExit(process)
        return process
    }

    private func waitUntilReady() async throws {
        try await Eventually.holds("redis-server answers on port \(port)", within: .seconds(20)) {
            // A server with TLS only shows by accepting that it is there.
            plan.usesTLS ? LoopbackHTTP.accepts(port: port) : tryControl("PING") == "PONG"
        }
    }
}
