package import Foundation

/// A program that a test started: its output goes to a file, and it never outlives its owner.
package final class ChildProcess: Sendable {
    /// The process id.
    package let pid: pid_t
    /// Receives standard output and standard error.
    package let logFile: URL
    private let state: ExitState

    /// Starts `executable`.
    ///
    /// `descriptorLimit` lowers the number of files that the program may open. A program that was ended by a signal
    /// has the status 128 plus the signal, as in a shell.
    package init(
        _ executable: URL,
        arguments: [String],
        environment: [String: String] = [:],
        descriptorLimit: Int? = nil,
        logFile: URL
    ) throws {
        try FileManager.default.createDirectory(
            at: logFile.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
        let output = try FileHandle(forWritingTo: logFile)
        let process = Process()
        if let descriptorLimit {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptorLimit) && exec \"$0\" \"$@\"", executable.path] + arguments
        } else {
            process.executableURL = executable
            process.arguments = arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let state = ExitState()
        process.terminationHandler = { process in
            let offset: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
            state.finish(process.terminationStatus + offset)
        }
        try process.run()
        self.pid = process.processIdentifier
        self.logFile = logFile
        self.state = state
    }

    deinit {
        if state.status == nil {
            kill(pid, SIGKILL)
        }
    }

    /// What the program has written so far.
    package var log: String {
        guard let data = FileManager.default.contents(atPath: logFile.path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Whether the program has not ended.
    package var isRunning: Bool {
        state.status == nil
    }

    /// Sends `signal` to the program if it still runs.
    package func send(_ signal: Int32) {
        guard isRunning else { return }
        kill(pid, signal)
    }

    /// Waits for the end and returns the exit status; `nil` after `limit`, when the program is killed.
    package func waitForExit(within limit: Duration) async -> Int32? {
        await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await self.state.wait() }
            group.addTask {
                guard (try? await Task.sleep(for: limit)) != nil else { return nil }
                self.send(SIGKILL)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
