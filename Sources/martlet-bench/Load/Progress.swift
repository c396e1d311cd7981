import Glibc

/// Shows on the terminal how far a step is; silent where standard error is not a terminal.
final class Progress {
    private let subject: String
    private let goal: Int
    private var nextUpdate: UInt64 = 0
    private let isShown = isatty(STDERR_FILENO) == 1

    init(_ subject: String, goal: Int) {
        self.subject = subject
        self.goal = goal
    }

    /// Shows a count, at most five times a second.
    func show(_ count: Int) {
        guard isShown, Nanoseconds.now() >= nextUpdate else { return }
        nextUpdate = Nanoseconds.now() + 200_000_000
        StandardError.write("\r\u{1b}[K\(subject): \(count)\(goal > 0 ? " of \(goal)" : "")")
    }

    /// Clears the line.
    func end() {
        if isShown { StandardError.write("\r\u{1b}[K") }
    }
}

/// The place of everything that is not a result.
enum StandardError {
    /// Writes text as it is.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
