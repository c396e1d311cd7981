import Glibc

/// Writes text to the process's standard error.
struct StandardError: TextOutputStream {
    mutating func write(_ string: String) {
        var rest = Array(string.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
