import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("The memory rate limiter")
struct MemoryRateLimiterTests {
    private let clock = ManualClock()
    private let limit = RateLimit(maxRequests: 5, windowSeconds: 10)

    @Test("the number of keys is bounded")
    func bounded() {
        let limiter = MemoryRateLimiter(maxKeys: 160, now: clock.continuousNow)
        for index in 0..<5_000 { _ = limiter.consumeImmediately("key \(index)", limit: limit) }
        #expect(limiter.keyCount <= 160)
        #expect(limiter.keyCount > 100)
    }

    @Test("keys that are over are swept by the traffic of others")
    func swept() {
        let limiter = MemoryRateLimiter(now: clock.continuousNow)
        for index in 0..<1_000 { _ = limiter.consumeImmediately("old \(index)", limit: limit) }
        clock.advance(by: .seconds(20))
        for index in 0..<1_000 { _ = limiter.consumeImmediately("new \(index % 10)", limit: limit) }
        #expect(limiter.keyCount < 700)
        for index in 0..<20_000 { _ = limiter.consumeImmediately("newer \(index % 200)", limit: limit) }
        #expect(limiter.keyCount <= 210)
    }

    @Test("many threads together get no more than the limit")
    func concurrency() async {
        let limiter = MemoryRateLimiter(now: clock.continuousNow)
        let limit = RateLimit(maxRequests: 100, windowSeconds: 60)
        let allowed = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<200).count { _ in limiter.consumeImmediately("k", limit: limit)?.isAllowed == true }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(allowed == 100)
    }
}
