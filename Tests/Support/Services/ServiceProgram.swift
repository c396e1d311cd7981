package import Foundation

/// A program of a Debian package that tests start, such as `redis-server`.
package struct ServiceProgram: Sendable {
    package let name: String
    private let package: String

    /// Names a program and the package that brings it.
    package init(_ name: String, package: String) {
        self.name = name
        self.package = package
    }

    /// The server and its tools.
    package static let redisServer = ServiceProgram("redis-server", package: "redis-server")

    /// Proxies that servers stand behind.
    package static let nginx = ServiceProgram("nginx", package: "nginx")
    package static let haproxy = ServiceProgram("haproxy", package: "haproxy")

    /// Where the program is.
    package var executable: URL? {
        let folders = ["/usr/bin", "/usr/local/bin", "/usr/sbin"]
        return folders.map { URL(filePath: "\($0)/\(name)") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// Whether tests that need the program run: where it is there, and in CI, where its absence is a failure.
    package var runsTests: Bool {
        executable != nil || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// What to do about tests that do not run.
    package var remedy: String {
        "\(name) is not installed: apt-get install \(package), or bash .ci/install test"
    }

    /// Throws unless the program is there.
    func requireExecutable() throws -> URL {
        guard let executable else { throw ServiceFailure(description: remedy) }
        return executable
    }
}

/// Why a service is not there to be tested against.
package struct ServiceFailure: Error, CustomStringConvertible {
    package let description: String

    /// Says why.
    package init(description: String) {
        self.description = description
    }
}
