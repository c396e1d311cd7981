import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("The memory cache store")
struct MemoryCacheStoreTests {
    private let clock = ManualClock()

    @Test("beyond the number of entries the least recently used go")
    func entryBound() async throws {
        let store = MemoryCacheStore(maxEntries: 3, now: clock.continuousNow)
        for key in ["a", "b", "c"] { try await store.set([1], for: key, ttl: .seconds(60)) }
        #expect(try await store.value(for: "a") != nil)
        try await store.set([1], for: "d", ttl: .seconds(60))
        #expect(try await store.value(for: "b") == nil)
        #expect(try await store.value(for: "a") != nil)
        #expect(store.usage.entries == 3)
    }

    @Test("beyond the number of bytes the least recently used go, and a value larger than all is refused")
    func byteBound() async throws {
        let store = MemoryCacheStore(maxBytes: 10_000, now: clock.continuousNow)
        for index in 0..<100 {
            try await store.set([UInt8](repeating: 0, count: 1_000), for: "k\(index)", ttl: .seconds(60))
            #expect(store.usage.bytes <= 10_000)
        }
        #expect(store.usage.entries == 8)
        #expect(try await store.value(for: "k99") != nil)
        await #expect {
            try await store.set([UInt8](repeating: 0, count: 10_000), for: "k", ttl: .seconds(60))
        } throws: { ($0 as? BackendError)?.code == .capacityExceeded }
    }

    @Test("values whose time is over are swept by writes")
    func swept() async throws {
        let store = MemoryCacheStore(now: clock.continuousNow)
        for index in 0..<1_000 { try await store.set([1], for: "old \(index)", ttl: .seconds(1)) }
        clock.advance(by: .seconds(1))
        for _ in 0..<300 { try await store.set([1], for: "new", ttl: .seconds(60)) }
        #expect(store.usage.entries == 1)
    }

    @Test("random operations keep the count of bytes right", arguments: 0..<10)
    func random(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let store = MemoryCacheStore(maxEntries: 50, maxBytes: 20_000, now: clock.continuousNow)
        for _ in 0..<2_000 {
            let key = "k\(Int.random(in: 0..<100, using: &random))"
            let value = [UInt8](repeating: 1, count: Int.random(in: 0..<2_000, using: &random))
            let ttl = Duration.seconds(Int.random(in: 0..<5, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1: try await store.set(value, for: key, ttl: ttl)
            case 2: _ = try await store.setIfAbsent(value, for: key, ttl: ttl)
            case 3: try await store.remove(key)
            default: _ = try await store.value(for: key)
            }
            clock.advance(by: .milliseconds(100))
            #expect(store.usage.entries <= 50)
            #expect((0...20_000).contains(store.usage.bytes))
        }
        for index in 0..<100 { try await store.remove("k\(index)") }
        #expect(store.usage == (0, 0))
    }
}
