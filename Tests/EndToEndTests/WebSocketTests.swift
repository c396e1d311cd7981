import Foundation
import TestSupport
import Testing

/// RFC 6455, by hand and by Autobahn's cases.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct WebSocketTests {
    @Test("frames: fragments, control frames, UTF-8, sizes, violations, the close handshake")
    func frames() async throws {
        try await Scenarios.run("frames.py")
    }

    @Test("every Autobahn case of 1 to 7 and 10 passes against the same codec")
    func autobahn() async throws {
        let echo = PackagePaths.executable("martlet-echo")
        try #require(FileManager.default.isExecutableFile(atPath: echo.path), "\(echo.path) is not built")
        try await Scenarios.takingTurns(weight: 2) {
            let port = FreePort.next()
            let process = try ChildProcess(
                echo,
                arguments: ["\(port)"],
                logFile: PackagePaths.logs.appending(path: "echo.log")
            )
            try await Eventually.holds("the echo server listens", within: .seconds(20)) {
                LoopbackHTTP.accepts(port: port)
            }
            try await Scenarios.check(
                "fuzzing.py",
                name: "fuzzing",
                arguments: ["127.0.0.1:\(port)", PackagePaths.logs.appending(path: "autobahn").path],
                limit: .seconds(240),
                sourceLocation: #_sourceLocation
            )
            process.send(SIGTERM)
            _ = await process.waitForExit(within: .seconds(5))
        }
    }
}
