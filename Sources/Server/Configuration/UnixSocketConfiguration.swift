package import ServerCore

/// A Unix socket that takes the place of the TCP listener; metrics stay on TCP.
package struct UnixSocketConfiguration: Sendable, Equatable {
    package var isEnabled = false
    package var path = "/var/run/martlet/martlet.sock"
    /// The file mode in octal digits, such as `660`.
    package var permissionMode = "660"

    /// Makes a configuration without a Unix socket.
    package init() {}

    /// The file mode as a number, or `nil` if the text is not one.
    package var permissionBits: UInt16? {
        guard let bits = UInt16(permissionMode, radix: 8), bits <= 0o777 else { return nil }
        return bits
    }

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        guard isEnabled else { return [] }
        var problems: [ConfigurationProblem] = []
        problems.require(path.hasPrefix("/"), "unix_socket.path", "must be an absolute path")
        problems.require(
            !path.split(separator: "/", omittingEmptySubsequences: true).contains(".."),
            "unix_socket.path",
            "must not contain '..'"
        )
        problems.require(
            path.utf8.count <= Self.maxPathBytes && !path.utf8.contains(0),
            "unix_socket.path",
            "must be at most \(Self.maxPathBytes) bytes and without a zero byte"
        )
        problems.require(permissionBits != nil, "unix_socket.permission_mode", "must be octal digits from 0 to 777")
        return problems
    }

    /// `sun_path` has 108 bytes with its terminator (unix(7)).
    private static let maxPathBytes = 107
}
