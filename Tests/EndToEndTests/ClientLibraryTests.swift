import TestSupport
import Testing

/// The server as libraries see it that we did not write.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct ClientLibraryTests {
    @Test("the official server library, Pysher and asyncpusher work unchanged")
    func libraries() async throws {
        try await Scenarios.run("official_library.py")
    }
}
