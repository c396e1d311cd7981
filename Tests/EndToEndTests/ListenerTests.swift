import Foundation
import TestSupport
import Testing

/// The other ways in.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct ListenerTests {
    @Test("TLS reloads its certificate on SIGHUP without dropping anyone, and plain HTTP is sent on")
    func tls() async throws {
        let folder = try TestCertificates.make()
        let redirectPort = FreePort.next()
        try await Scenarios.run(
            "listeners.py",
            name: "listeners-tls",
            arguments: ["--only", "TLS:"],
            overriding: """
                {"ssl": {"enabled": true, "cert_path": "\(folder.path)/server.pem",
                         "key_path": "\(folder.path)/server.key",
                         "redirect_http": true, "http_port": \(redirectPort)}}
                """,
            readiness: { LoopbackHTTP.accepts(port: $0.port) && LoopbackHTTP.accepts(port: redirectPort) }
        )
    }

    @Test("a Unix socket replaces the port, with its mode, over a stale file")
    func unixSocket() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "martlet.sock").path
        // What a server leaves behind that was killed.
        try await Scenarios.takingTurns(weight: 1) {
            let killed = try await MartletProcess.start(
                name: "listeners-unix-killed",
                overriding: #"{"unix_socket": {"enabled": true, "path": "\#(path)"}}"#,
                readiness: { _ in LoopbackHTTP.accepts(path: path) }
            )
            killed.process.send(SIGKILL)
            _ = await killed.process.waitForExit(within: .seconds(5))
            #expect(FileManager.default.fileExists(atPath: path))
        }
        try await Scenarios.run(
            "listeners.py",
            name: "listeners-unix",
            arguments: ["--only", "Unix:"],
            overriding: #"{"unix_socket": {"enabled": true, "path": "\#(path)", "permission_mode": "640"}}"#,
            readiness: { _ in LoopbackHTTP.accepts(path: path) }
        )
    }

    @Test("PROXY protocol v2 tells the client's address, and nothing else gets through")
    func proxyProtocol() async throws {
        try await Scenarios.run(
            "listeners.py",
            name: "listeners-proxy",
            arguments: ["--only", "PROXY:"],
            overriding: """
                {"listener": {"proxy_protocol": true, "header_timeout_ms": 3000},
                 "rate_limiter": {"enabled": true, "websocket_rate_limit": {"max_requests": 8, "window_seconds": 3600}}}
                """,
            readiness: { LoopbackHTTP.accepts(port: $0.port) }
        )
    }

    @Test("a path prefix moves every route")
    func pathPrefix() async throws {
        try await Scenarios.run(
            "listeners.py",
            name: "listeners-prefix",
            arguments: ["--only", "Prefix:"],
            overriding: #"{"path_prefix": "/realtime"}"#,
            readiness: { LoopbackHTTP.accepts(port: $0.port) }
        )
    }
}
