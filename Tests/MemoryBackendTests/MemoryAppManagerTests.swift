import MemoryBackend
import ServerCore
import Testing

@Suite("The memory app manager")
struct MemoryAppManagerTests {
    @Test("configured apps with one id or one key are refused", arguments: [("1", "two"), ("2", "one")])
    func conflicts(id: String, key: String) {
        let apps = [App(id: "1", key: "one", secret: "s"), App(id: id, key: key, secret: "s")]
        #expect {
            try MemoryAppManager(apps: apps)
        } throws: { ($0 as? BackendError)?.code == .conflict }
    }

    @Test("configured apps are there")
    func configured() async throws {
        let manager = try MemoryAppManager(apps: [App(id: "1", key: "one", secret: "s")])
        #expect(try await manager.app(key: "one")?.id == "1")
    }
}
