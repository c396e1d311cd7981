import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("Every app catalog")
struct AppCatalogConformance {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case dynamoDB
        case dynamoDBOnMoto

        /// Every implementation whose system is there; a missing one is left out locally and fails under CI.
        static var available: [Implementation] {
            allCases.filter { $0 == .memory || EmulatedAWS.runsTests }
        }

        /// Makes an empty catalog.
        func make() async throws -> any AppCatalog {
            switch self {
            case .memory: MemoryAppManager()
            case .dynamoDB: try await AWSConformance.appCatalog()
            case .dynamoDBOnMoto: try await AWSConformance.appCatalog(.moto)
            }
        }
    }

    private func app(_ id: String, key: String) -> App {
        var app = App(id: id, key: key, secret: "secret of \(id)")
        app.previousSecrets = ["older"]
        app.limits.maxConnections = 7
        app.allowedOrigins = ["https://example.com"]
        return app
    }

    @Test("an app comes back by id and by key as it was put", arguments: Implementation.available)
    func roundTrip(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        let app = app("1", key: "one")
        try await catalog.put(app, replacing: false)
        #expect(try await catalog.app(id: "1") == app)
        #expect(try await catalog.app(key: "one") == app)
    }

    @Test("an app that does not exist is nil", arguments: Implementation.available)
    func absent(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        try await catalog.put(app("1", key: "one"), replacing: false)
        for name in ["", "one", "2", "' OR 1=1 --", "\u{0}", String(repeating: "x", count: 10_000)] {
            #expect(try await catalog.app(id: name) == nil)
        }
        for name in ["", "1", "ONE", "one ", "🦤"] {
            #expect(try await catalog.app(key: name) == nil)
        }
    }

    @Test("putting an existing app needs leave to replace it", arguments: Implementation.available)
    func conflict(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        try await catalog.put(app("1", key: "one"), replacing: false)
        await #expect {
            try await catalog.put(app("1", key: "uno"), replacing: false)
        } throws: { ($0 as? BackendError)?.code == .conflict }
        try await catalog.put(app("1", key: "uno"), replacing: true)
        #expect(try await catalog.app(key: "uno")?.id == "1")
        #expect(try await catalog.app(key: "one") == nil)
    }

    @Test("a key belongs to one app", arguments: Implementation.available, [true, false])
    func uniqueKey(implementation: Implementation, replacing: Bool) async throws {
        let catalog = try await implementation.make()
        try await catalog.put(app("1", key: "one"), replacing: false)
        await #expect {
            try await catalog.put(app("2", key: "one"), replacing: replacing)
        } throws: { ($0 as? BackendError)?.code == .conflict }
        #expect(try await catalog.app(id: "2") == nil)
        #expect(try await catalog.app(key: "one")?.id == "1")
        #expect(try await catalog.delete(id: "1"))
        try await catalog.put(app("2", key: "one"), replacing: replacing)
        #expect(try await catalog.app(key: "one")?.id == "2")
    }

    @Test("a deleted app is gone and deleting it again says so", arguments: Implementation.available)
    func delete(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        try await catalog.put(app("1", key: "one"), replacing: false)
        #expect(try await catalog.delete(id: "1"))
        #expect(try await catalog.delete(id: "1") == false)
        #expect(try await catalog.app(id: "1") == nil)
        #expect(try await catalog.app(key: "one") == nil)
    }

    @Test("a change of an app is seen by id and by key", arguments: Implementation.available)
    func update(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        #expect(try await catalog.update(id: "1") { $0.isEnabled = false } == nil)
        try await catalog.put(app("1", key: "one"), replacing: false)
        let changed = try await catalog.update(id: "1") { $0.isEnabled = false }
        #expect(changed?.isEnabled == false)
        #expect(try await catalog.app(id: "1") == changed)
        #expect(try await catalog.app(key: "one") == changed)
    }

    @Test("the list has every app once, ordered by id", arguments: Implementation.available)
    func list(implementation: Implementation) async throws {
        let catalog = try await implementation.make()
        #expect(try await catalog.list() == [])
        for id in (0..<120).shuffled() { try await catalog.put(app("app-\(id)", key: "k\(id)"), replacing: true) }
        #expect(try await catalog.list().map(\.id) == (0..<120).map { "app-\($0)" }.sorted())
    }

    @Test("a working catalog is healthy", arguments: Implementation.available)
    func health(implementation: Implementation) async throws {
        try await implementation.make().checkHealth()
    }
}
