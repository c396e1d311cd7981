#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file of a Unix socket: its place made ready, its mode set, its remains taken away.
struct UnixSocketFile {
    let path: String
    let mode: UInt16

    /// Makes the parent folder and removes a stale socket; throws when something else is there or someone listens.
    func prepare() throws(ListenerError) {
        try makeParent()
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw ListenerError("unix_socket.path: '\(path)' cannot be used: \(Self.lastError)")
            }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenerError("unix_socket.path: '\(path)' exists and is not a socket")
        }
        guard !isListening() else {
            throw ListenerError("unix_socket.path: another process listens on '\(path)'")
        }
        guard unlink(path) == 0 else {
            throw ListenerError("unix_socket.path: the stale '\(path)' cannot be removed: \(Self.lastError)")
        }
    }

    /// Sets the mode; call when the socket is bound.
    func applyMode() throws(ListenerError) {
        guard chmod(path, mode_t(mode)) == 0 else {
            throw ListenerError("unix_socket.permission_mode: cannot be set on '\(path)': \(Self.lastError)")
        }
    }

    /// Removes the file.
    func remove() {
        unlink(path)
    }

    private func makeParent() throws(ListenerError) {
        let parts = path.split(separator: "/").dropLast()
        var folder = ""
        for part in parts {
            folder += "/\(part)"
            if mkdir(folder, 0o755) != 0, errno != EEXIST {
                throw ListenerError("unix_socket.path: '\(folder)' cannot be made: \(Self.lastError)")
            }
        }
    }

    private func isListening() -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            target.copyBytes(from: path.utf8.prefix(target.count - 1))
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}
