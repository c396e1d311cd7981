import Foundation
import TestSupport
import Testing

@testable import Server

/// Checks the files that listeners use: the Unix socket's and the certificates.
@Suite struct ListenerFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")

    private func bound(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return descriptor
    }

    @Test("a socket's folder is made, a stale socket removed, and anything else left alone")
    func preparesSockets() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a/b/x.sock").path
        let file = UnixSocketFile(path: path, mode: 0o600)
        try file.prepare()
        let stale = bound(path)
        close(stale)
        #expect(FileManager.default.fileExists(atPath: path))
        try file.prepare()
        #expect(!FileManager.default.fileExists(atPath: path))
        let live = bound(path)
        defer { close(live) }
        listen(live, 1)
        #expect(throws: ListenerError.self) { try file.prepare() }
        try file.applyMode()
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        file.remove()
        try Data().write(to: URL(filePath: path))
        #expect(throws: ListenerError.self) { try file.prepare() }
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(throws: ListenerError.self) { try UnixSocketFile(path: path + "/x", mode: 0).prepare() }
    }

    @Test("certificates are read again on demand, and those in use stay when they cannot be")
    func reloads() throws {
        let folder = try TestCertificates.make(in: "reload-certificates")
        var configuration = TLSListenerConfiguration()
        configuration.certificatePath = folder.appending(path: "server.pem").path
        configuration.keyPath = folder.appending(path: "server.key").path
        let identity = try TLSIdentity(configuration)
        let first = identity.current
        try identity.reload()
        let second = identity.current
        #expect(first !== second)
        try Data("not a certificate".utf8).write(to: URL(filePath: configuration.certificatePath))
        #expect(throws: ListenerError.self) { try identity.reload() }
        #expect(identity.current === second)
        #expect(throws: ListenerError.self) { try TLSIdentity(configuration) }
        configuration.certificatePath = folder.appending(path: "two.pem").path
        #expect(throws: ListenerError.self) { try TLSIdentity(configuration) }
    }
}
