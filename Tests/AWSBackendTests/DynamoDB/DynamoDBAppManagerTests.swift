import AWSBackend
import CurlHTTP
import Foundation
import ServerCore
import Synchronization
import TestSupport
import Testing

@Suite("Apps in DynamoDB", .timeLimit(.minutes(2)), .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"))
struct DynamoDBAppManagerTests {
    private struct Store {
        var apps: DynamoDBAppManager
        var configuration: DynamoDBConfiguration
        var client: AWSClient

        /// Sends an operation as another program would.
        func raw(_ operation: String, _ json: String) async throws {
            _ = try await client.send(
                AWSCall(jsonTarget: "DynamoDB_20120810", operation: operation, body: Array(json.utf8))
            )
        }
    }

    private func store() async throws -> Store {
        let aws = try await EmulatedAWS.shared()
        var configuration = DynamoDBConfiguration()
        configuration.aws = .emulated(aws)
        configuration.tableName = "apps-\(UUID().uuidString)"
        let backend = AWSBackend(transport: try TestTransport.get(), environment: .test())
        #expect(try await backend.table(configuration).create() == .created)
        return Store(
            apps: try backend.appManager(configuration),
            configuration: configuration,
            client: try backend.client(of: .dynamoDB, configuration.aws)
        )
    }

    @Test("the table is made once, and an existing one is checked")
    func table() async throws {
        let store = try await store()
        let backend = AWSBackend(transport: try TestTransport.get(), environment: .test())
        #expect(try await backend.table(store.configuration).create() == .existed)
        var other = store.configuration
        other.keyIndexName = "OtherIndex"
        await #expect {
            try await backend.table(other).create()
        } throws: {
            ($0 as? BackendError)?.code == .rejected && "\($0)".contains("OtherIndex")
        }
        let answer = try await store.client.send(
            AWSCall(
                jsonTarget: "DynamoDB_20120810",
                operation: "DescribeContinuousBackups",
                body: Array(#"{"TableName":"\#(store.configuration.tableName)"}"#.utf8)
            )
        )
        let text = String(decoding: answer.response.body, as: UTF8.self)
        #expect(text.contains(/"PointInTimeRecoveryStatus": ?"ENABLED"/))
    }

    @Test("concurrent changes of one app are all kept")
    func optimistic() async throws {
        let store = try await store()
        try await store.apps.put(App(id: "1", key: "k", secret: "s"), replacing: false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { _ = try await store.apps.update(id: "1") { $0.limits.maxConnections += 1 } }
            }
            try await group.waitForAll()
        }
        #expect(try await store.apps.app(id: "1")?.limits.maxConnections == 3)
        #expect(try await store.apps.update(id: "2") { $0.secret = "x" } == nil)
    }

    @Test("an item that Sockudo wrote is read, replaced and listed")
    func sockudoItem() async throws {
        let store = try await store()
        try await store.raw(
            "PutItem",
            #"""
            {"TableName":"\#(store.configuration.tableName)","Item":{"id":{"S":"shop"},"key":{"S":"shop-key"},
            "secret":{"S":"s3cret"},"enabled":{"BOOL":true},"policy":{"S":"{\"limits\":{\"max_connections\":5}}"}}}
            """#
        )
        var app = try #require(try await store.apps.app(key: "shop-key"))
        #expect(app.limits.maxConnections == 5)
        app.limits.maxConnections = 6
        try await store.apps.put(app, replacing: true)
        try await store.apps.put(app, replacing: true)
        #expect(try await store.apps.list().map(\.limits.maxConnections) == [6])
    }

    @Test("a list of more than one page is whole")
    func pages() async throws {
        let store = try await store()
        // Nine items of some 300 KB are more than the mebibyte of one page.
        for number in 0..<9 {
            var app = App(id: "app-\(number)", key: "key-\(number)", secret: "s")
            app.allowedOrigins = (0..<300).map { "https://\(String(repeating: "x", count: 1000)).\($0).test" }
            try await store.apps.put(app, replacing: false)
        }
        #expect(try await store.apps.list().map(\.id) == (0..<9).map { "app-\($0)" })
    }

    @Test("an app that is too large for an item is rejected")
    func tooLarge() async throws {
        let store = try await store()
        var app = App(id: "big", key: "k", secret: "s")
        app.allowedOrigins = (0..<410).map { "https://\(String(repeating: "x", count: 1000)).\($0).test" }
        await #expect {
            try await store.apps.put(app, replacing: false)
        } throws: {
            ($0 as? BackendError)?.code == .rejected
        }
        #expect(try await store.apps.app(id: "big") == nil)
    }

    @Test("a faulty item is reported for itself and can be replaced")
    func faulty() async throws {
        let store = try await store()
        try await store.raw(
            "PutItem",
            #"{"TableName":"\#(store.configuration.tableName)","Item":{"id":{"S":"bad"},"key":{"S":"kb"},"version":{"N":"4"}}}"#
        )
        await #expect {
            try await store.apps.app(id: "bad")
        } throws: {
            ($0 as? BackendError)?.code == .malformed
        }
        try await store.apps.put(App(id: "bad", key: "good", secret: "s"), replacing: true)
        #expect(try await store.apps.app(id: "bad")?.secret == "s")
    }

    @Test("a table that is not there is an error and not an absent app")
    func missingTable() async throws {
        let aws = try await EmulatedAWS.shared()
        var configuration = DynamoDBConfiguration()
        configuration.aws = .emulated(aws)
        configuration.tableName = "no-such-table"
        let apps = try AWSBackend(transport: try TestTransport.get(), environment: .test()).appManager(configuration)
        await #expect {
            try await apps.app(id: "1")
        } throws: {
            ($0 as? BackendError)?.code == .rejected && "\($0)".contains("no-such-table")
        }
        await #expect(throws: BackendError.self) { try await apps.checkHealth() }
    }

    @Test("apps that are in use stay when DynamoDB goes away")
    func outage() async throws {
        let aws = try await EmulatedAWS.start(name: "emulated-aws-outage")
        var configuration = DynamoDBConfiguration()
        configuration.aws = .emulated(aws)
        configuration.aws.callTimeout = .seconds(2)
        let backend = AWSBackend(transport: try TestTransport.get(), environment: .test())
        _ = try await backend.table(configuration).create()
        let store = try backend.appManager(configuration)
        let app = App(id: "1", key: "k", secret: "s")
        try await store.put(app, replacing: false)
        let elapsed = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let cached = CachedAppManager(store: store, now: { start + elapsed.withLock { $0 } })
        #expect(try await cached.app(key: "k") == app)
        await aws.stop()
        elapsed.withLock { $0 = .seconds(86_400) }
        #expect(try await cached.app(key: "k") == app)
        #expect(try await cached.app(id: "1") == app)
        await #expect {
            try await store.app(key: "k")
        } throws: {
            ($0 as? BackendError)?.code == .unavailable
        }
    }
}
