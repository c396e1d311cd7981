import TestSupport
import Testing

/// The server as libraries see it that we did not write.
@Suite(.enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)"))
struct OfficialLibraryTests {
    @Test("the official server library publishes, reads channels, authorizes subscribers and meets its errors")
    func officialLibrary() async throws {
        try await Scenarios.run("official_library.py")
    }
}
