import Foundation
import TestSupport
import Testing

/// The acceptance gate of every way that frames can take to a socket.
struct IntegrityTests {
    /// A way from the hub to the socket.
    struct Path: CustomTestStringConvertible, Sendable {
        var name: String
        var loops: Int
        var sendsDirectly: Bool
        var isUnix = false
        var isTLS = false

        var testDescription: String { name }
    }

    @Test(
        "every frame arrives intact and in order under slow readers and resets",
        arguments: [
            Path(name: "direct-one-loop", loops: 1, sendsDirectly: true),
            Path(name: "direct-two-loops", loops: 2, sendsDirectly: true),
            Path(name: "channel-one-loop", loops: 1, sendsDirectly: false),
            Path(name: "channel-two-loops", loops: 2, sendsDirectly: false),
            Path(name: "direct-unix-socket", loops: 2, sendsDirectly: true, isUnix: true),
            Path(name: "tls-two-loops", loops: 2, sendsDirectly: true, isTLS: true),
        ]
    )
    func integrity(_ path: Path) async throws {
        let name = "integrity-\(path.name)"
        let socket = "/tmp/martlet-\(UUID().uuidString).sock"
        defer { try? FileManager.default.removeItem(atPath: socket) }
        let certificates = try path.isTLS ? TestCertificates.make(in: name) : nil
        try await Scenarios.takingTurns(weight: 2) {
            let server = try await MartletProcess.start(
                name: name,
                overriding: configuration(path, socket: socket, certificates: certificates),
                readiness: { path.isUnix ? LoopbackHTTP.accepts(path: socket) : LoopbackHTTP.accepts(port: $0.port) }
            )
            let run = try await BenchmarkRun.run(
                "integrity",
                [
                    "--url", "\(path.isTLS ? "wss" : "ws")://127.0.0.1:\(server.port)/app/bench-key", "--app-id",
                    "bench",
                    "--secret", "bench-secret", "--subscribers", "60", "--slow", "10", "--resetting", "10",
                    "--rate", "40", "--seconds", "5",
                ] + (path.isUnix ? ["--unix", socket] : []),
                name: name
            )
            #expect(run.figures["violations"] == 0)
            #expect((run.figures["frames checked"] ?? 0) > 40_000)
            #expect(await server.stop() == 0)
        }
    }

    private func configuration(_ path: Path, socket: String, certificates: URL?) -> String {
        let folder = certificates?.path ?? ""
        return """
            {"listener": {"event_loop_threads": \(path.loops)},
             "ssl": {"enabled": \(path.isTLS), "cert_path": "\(folder)/server.pem", "key_path": "\(folder)/server.key"},
             "unix_socket": {"enabled": \(path.isUnix), "path": "\(socket)"},
             "websocket": {"direct_send": \(path.sendsDirectly), "max_messages": 0, "max_bytes": 100000000},
             "app_manager": {"driver": "memory", "array": {"apps": [
                {"id": "bench", "key": "bench-key", "secret": "bench-secret", "enabled": true,
                 "policy": {"limits": {"max_event_payload_in_kb": 128}, "features": {}, "channels": {}}}]}}}
            """
    }
}
