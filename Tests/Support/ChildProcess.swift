package import Foundation

/// A program that a test started: its output goes to a file, and it never outlives its owner.
package final class ChildProcess: Sendable {
    /// Why a program could not be started.
    package struct SpawnFailure: Error, CustomStringConvertible {
        package let description: String
    }

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
        var command = [executable.path] + arguments
        if let descriptorLimit {
            command = ["/bin/sh", "-c", "ulimit -n \(descriptorLimit) && exec \"$0\" \"$@\""] + command
        }
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        self.pid = try Self.spawn(command, environment: merged.map { "\($0)=\($1)" }, output: logFile.path)
        self.logFile = logFile
        let (pid, state) = (self.pid, ExitState())
        self.state = state
        Thread.detachNewThread {
            state.finish(Self.reap(pid))
        }
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

    /// Spawns with no signal blocked or ignored: the threads of a test run block most, and a child inherits that.
    private static func spawn(_ command: [String], environment: [String], output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // What other tests have open is none of the child's; closing one that is gone meanwhile is no error.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer {
            for pointer in words + variables {
                free(pointer)
            }
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &actions, &attributes, words, variables)
        guard code == 0 else {
            throw SpawnFailure(description: "\(command[0]): \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Waits for the end of a child and returns its exit status.
    private static func reap(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
