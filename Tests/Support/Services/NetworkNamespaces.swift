import Foundation

/// Networks of a test's own within this machine.
package enum NetworkNamespaces {
    /// What makes them permitted.
    package static let remedy = "needs the right to make network namespaces (root) and the package nftables"

    /// Whether this process may make them; a right that a container may not have, unlike a service that can be installed.
    package static let arePermitted: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft") else { return false }
        let probe = Process()
        probe.executableURL = URL(filePath: "/usr/bin/unshare")
        probe.arguments = ["--net", "/usr/sbin/nft", "add", "table", "ip", "probe"]
        probe.standardError = FileHandle.nullDevice
        do {
            try probe.run()
        } catch {
            return false
        }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()
}
