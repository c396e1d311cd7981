import MemoryBackend
import RedisBackend
import ServerCore
import TestSupport
import Testing

@Suite("Every cache store", .timeLimit(.minutes(1)))
struct CacheStoreConformance {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case redis
        case redisCluster

        /// Those whose services are here, or must be.
        static var allCases: [Self] { RedisBackends.run ? [.memory, .redis, .redisCluster] : [.memory] }

        /// Makes an empty store and a way to let its time pass.
        func make() async throws -> (store: any CacheStore, pass: @Sendable (Duration) async throws -> Void) {
            switch self {
            case .memory:
                let clock = ManualClock()
                return (MemoryCacheStore(now: clock.continuousNow), { clock.advance(by: $0) })
            case .redis:
                let client = try await RedisBackends.single()
                return (RedisCacheStore(client: client, prefix: RedisBackends.prefix()), RedisBackends.pass)
            case .redisCluster:
                let client = try await RedisBackends.cluster()
                return (RedisCacheStore(client: client, prefix: RedisBackends.prefix()), RedisBackends.pass)
            }
        }
    }

    @Test("a value comes back with the time it still has", arguments: Implementation.allCases)
    func roundTrip(implementation: Implementation) async throws {
        let (store, _) = try await implementation.make()
        for bytes in [[], [0], Array(0...255), [UInt8](repeating: 0xff, count: 100_000)] as [[UInt8]] {
            try await store.set(bytes, for: "key \u{0} {tag} 🦤", ttl: .seconds(60))
            let value = try #require(try await store.value(for: "key \u{0} {tag} 🦤"))
            #expect(value.bytes == bytes)
            #expect(value.remaining > .seconds(50))
            #expect(value.remaining <= .seconds(60))
        }
    }

    @Test("a missing value is nil and removing it is no error", arguments: Implementation.allCases)
    func missing(implementation: Implementation) async throws {
        let (store, _) = try await implementation.make()
        #expect(try await store.value(for: "missing") == nil)
        try await store.remove("missing")
    }

    @Test("a removed value is gone", arguments: Implementation.allCases)
    func remove(implementation: Implementation) async throws {
        let (store, _) = try await implementation.make()
        try await store.set([1], for: "a", ttl: .seconds(60))
        try await store.set([2], for: "b", ttl: .seconds(60))
        try await store.remove("a")
        #expect(try await store.value(for: "a") == nil)
        #expect(try await store.value(for: "b")?.bytes == [2])
    }

    @Test("a value is gone when its time is over, and setting it again starts anew", arguments: Implementation.allCases)
    func expiry(implementation: Implementation) async throws {
        let (store, pass) = try await implementation.make()
        try await store.set([1], for: "a", ttl: .milliseconds(1_500))
        try await store.set([1], for: "b", ttl: .milliseconds(1_500))
        try await store.set([2], for: "b", ttl: .seconds(60))
        try await pass(.milliseconds(1_500))
        #expect(try await store.value(for: "a") == nil)
        #expect(try await store.value(for: "b")?.bytes == [2])
    }

    @Test("a value whose time is over from the start is not there", arguments: Implementation.allCases)
    func noTime(implementation: Implementation) async throws {
        let (store, _) = try await implementation.make()
        try await store.set([1], for: "a", ttl: .seconds(60))
        try await store.set([2], for: "a", ttl: .zero)
        #expect(try await store.value(for: "a") == nil)
        try await store.set([2], for: "b", ttl: .seconds(-1))
        #expect(try await store.value(for: "b") == nil)
    }

    @Test("setting if absent does not overwrite, until the value's time is over", arguments: Implementation.allCases)
    func setIfAbsent(implementation: Implementation) async throws {
        let (store, pass) = try await implementation.make()
        #expect(try await store.setIfAbsent([1], for: "a", ttl: .seconds(4)))
        #expect(try await store.setIfAbsent([2], for: "a", ttl: .seconds(60)) == false)
        #expect(try await store.value(for: "a")?.bytes == [1])
        try await pass(.seconds(4))
        #expect(try await store.setIfAbsent([3], for: "a", ttl: .seconds(60)))
        #expect(try await store.value(for: "a")?.bytes == [3])
    }

    @Test("of many that set if absent at once, one does", arguments: Implementation.allCases)
    func race(implementation: Implementation) async throws {
        let (store, _) = try await implementation.make()
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<32 {
                group.addTask { try await store.setIfAbsent([UInt8(index)], for: "a", ttl: .seconds(60)) }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }

    @Test("a working store is healthy", arguments: Implementation.allCases)
    func health(implementation: Implementation) async throws {
        try await implementation.make().store.checkHealth()
    }
}
