import Glibc

/// A server that is started for a measurement, on a core of its own, and ended with its owner.
final class ServerProcess {
    let processID: pid_t

    /// Starts a program; its output goes to a file.
    init(_ command: [String], core: Int, output: String) throws(BenchError) {
        let words = ["taskset", "-c", String(core)] + command
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        let arguments = words.map { strdup($0) } + [nil]
        defer {
            for argument in arguments {
                free(argument)
            }
        }
        var processID: pid_t = 0
        let code = posix_spawnp(&processID, "taskset", &actions, nil, arguments, environ)
        guard code == 0 else { throw .system("posix_spawn", code: code) }
        self.processID = processID
    }

    /// The process and its children.
    var all: [Int] {
        let path = "/proc/\(processID)/task/\(processID)/children"
        let children = TextFile.read(path)?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
        return [Int(processID)] + children
    }

    /// Waits until the server takes connections.
    func waitUntilReady(port: Int) throws {
        let deadline = Nanoseconds.now() + 10_000_000_000
        while true {
            if let descriptor = try? StreamSocket.connect(host: "127.0.0.1", port: port, source: 1) {
                close(descriptor)
                return
            }
            guard Nanoseconds.now() < deadline, kill(processID, 0) == 0 else {
                throw BenchError("the server on port \(port) did not start")
            }
            usleep(20_000)
        }
    }

    deinit {
        for process in all.reversed() {
            kill(pid_t(process), SIGKILL)
        }
        waitpid(processID, nil, 0)
    }
}
