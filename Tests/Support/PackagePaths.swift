package import Foundation

/// The places of the package that tests need at run time.
package enum PackagePaths {
    /// The folder of Package.swift.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where logs of servers and scripts go, one folder below the others that the Makefile writes.
    package static let logs = root.appending(path: ".logs/e2e")

    /// The interpreter with the clients of requirements.txt.
    package static let python = root.appending(path: ".venv/bin/python")

    /// The folder of the end-to-end scripts.
    package static let scripts = root.appending(path: "Tests/EndToEndTests/Python")

    /// An executable product, built beside the running test bundle.
    ///
    /// `MARTLET_BINARY` replaces the server, so that the same tests run against a sanitized or a release build.
    package static func executable(_ name: String) -> URL {
        if name == "martlet", let override = ProcessInfo.processInfo.environment["MARTLET_BINARY"] {
            return URL(filePath: override)
        }
        return URL(filePath: "/proc/self/exe")
            .resolvingSymlinksInPath()
            .deletingLastPathComponent()
            .appending(path: name)
    }
}
