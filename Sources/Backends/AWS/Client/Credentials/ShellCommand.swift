import Glibc

/// A command of the shell whose output is read.
struct ShellCommand: Sendable {
    var text: String

    /// Why there is no output.
    enum Failure: Error, Sendable, Equatable {
        case notStarted(Int32)
        case tooLong
        case timedOut
        case cancelled
        /// It ended with another status than 0; 128 and the signal's number after a signal.
        case status(Int32)
    }

    /// Output beyond this is no answer.
    static let maxBytes = 1 << 16
    private static let pause = Duration.milliseconds(5)

    /// Runs the command to its end and returns what it wrote to standard output.
    ///
    /// No thread waits: the pipe is asked every few milliseconds, since credentials are fetched seldom.
    func output(within limit: Duration) async throws(Failure) -> [UInt8] {
        let process = try ShellProcess(text)
        let deadline = ContinuousClock.now + limit
        var bytes: [UInt8] = []
        while true {
            let isOpen = process.read(into: &bytes)
            guard bytes.count <= Self.maxBytes else { throw .tooLong }
            if !isOpen, let status = process.status() {
                guard status == 0 else { throw .status(status) }
                return bytes
            }
            guard ContinuousClock.now < deadline else { throw .timedOut }
            do {
                try await Task.sleep(for: Self.pause)
            } catch {
                throw .cancelled
            }
        }
    }
}

/// A shell in a process group of its own, which ends with its owner.
private final class ShellProcess {
    private let pid: pid_t
    private let output: Int32
    private var hasEnded = false

    init(_ command: String) throws(ShellCommand.Failure) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .notStarted(errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        defer { close(ends[1]) }
        var pid: pid_t = 0
        let code = Self.spawn(command, output: ends[1], pid: &pid)
        guard code == 0 else {
            close(ends[0])
            throw .notStarted(code)
        }
        self.pid = pid
        output = ends[0]
    }

    deinit {
        close(output)
        guard !hasEnded else { return }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    /// Reads what is there; false at the end.
    func read(into bytes: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= ShellCommand.maxBytes {
            let count = unsafe Glibc.read(output, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 {
                return false
            } else if errno != EINTR {
                return errno == EAGAIN
            }
        }
        return true
    }

    /// How it ended, if it has.
    func status() -> Int32? {
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        hasEnded = true
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Spawns with default signals and nothing to read; its error output is nobody's.
    private static func spawn(_ command: String, output: Int32, pid: inout pid_t) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        let texts: [String] = ["/bin/sh", "-c", command]
        var words: [UnsafeMutablePointer<CChar>?] = unsafe []
        for text in texts {
            unsafe words.append(strdup(text))
        }
        unsafe words.append(nil)
        defer {
            for index in texts.indices {
                unsafe free(words[index])
            }
        }
        return unsafe posix_spawn(&pid, "/bin/sh", &actions, &attributes, words, environ)
    }
}
