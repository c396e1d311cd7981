import MemoryBackend
import RedisBackend
import ServerCore
import TestSupport
import Testing

@Suite("Every rate limiter", .timeLimit(.minutes(1)))
struct RateLimiterConformance {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case redis
        case redisCluster

        /// Those whose services are here, or must be.
        static var allCases: [Self] { RedisBackends.run ? [.memory, .redis, .redisCluster] : [.memory] }

        /// Makes a limiter that has counted nothing and a way to let its time pass.
        func make() async throws -> (limiter: any RateLimiter, pass: @Sendable (Duration) async throws -> Void) {
            switch self {
            case .memory:
                let clock = ManualClock()
                return (MemoryRateLimiter(now: clock.continuousNow), { clock.advance(by: $0) })
            case .redis:
                let client = try await RedisBackends.single()
                return (RedisRateLimiter(client: client, prefix: RedisBackends.prefix()), RedisBackends.pass)
            case .redisCluster:
                let client = try await RedisBackends.cluster()
                return (RedisRateLimiter(client: client, prefix: RedisBackends.prefix()), RedisBackends.pass)
            }
        }
    }

    private let limit = RateLimit(maxRequests: 3, windowSeconds: 2)

    @Test(
        "requests are allowed up to the limit, and the numbers for the header say so",
        arguments: Implementation.allCases
    )
    func limited(implementation: Implementation) async throws {
        let (limiter, _) = try await implementation.make()
        for remaining in [2, 1, 0] {
            let decision = try await limiter.consume("a", limit: limit)
            #expect(decision.isAllowed)
            #expect(decision.limit == 3)
            #expect(decision.remaining == remaining)
            #expect((1...2).contains(decision.resetSeconds))
        }
        let refused = try await limiter.consume("a", limit: limit)
        #expect(!refused.isAllowed)
        #expect(refused.limit == 3)
        #expect(refused.remaining == 0)
        #expect((1...4).contains(refused.resetSeconds))
    }

    @Test("keys do not share a limit", arguments: Implementation.allCases)
    func keys(implementation: Implementation) async throws {
        let (limiter, _) = try await implementation.make()
        for _ in 0..<4 { _ = try await limiter.consume("a", limit: limit) }
        #expect(try await limiter.consume("b", limit: limit).isAllowed)
    }

    @Test(
        "after the time it was told a refused client is allowed, however often it tried",
        arguments: Implementation.allCases
    )
    func patience(implementation: Implementation) async throws {
        let (limiter, pass) = try await implementation.make()
        for _ in 0..<3 { _ = try await limiter.consume("a", limit: limit) }
        var wait = 0
        for _ in 0..<20 { wait = try await limiter.consume("a", limit: limit).resetSeconds }
        try await pass(.seconds(wait))
        #expect(try await limiter.consume("a", limit: limit).isAllowed)
    }

    @Test("after two idle windows the whole limit is there again", arguments: Implementation.allCases)
    func fresh(implementation: Implementation) async throws {
        let (limiter, pass) = try await implementation.make()
        for _ in 0..<5 { _ = try await limiter.consume("a", limit: limit) }
        try await pass(.seconds(4))
        #expect(try await limiter.consume("a", limit: limit).remaining == 2)
    }

    @Test("deciding at once and deciding later count together", arguments: Implementation.allCases)
    func immediately(implementation: Implementation) async throws {
        let (limiter, _) = try await implementation.make()
        for _ in 0..<3 {
            guard let decision = limiter.consumeImmediately("a", limit: limit) else { return }
            #expect(decision.isAllowed)
        }
        #expect(try await limiter.consume("a", limit: limit).isAllowed == false)
    }

    @Test("many at once get no more than the limit", arguments: Implementation.allCases)
    func race(implementation: Implementation) async throws {
        let (limiter, _) = try await implementation.make()
        let limit = RateLimit(maxRequests: 10, windowSeconds: 60)
        let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await limiter.consume("a", limit: limit).isAllowed } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(allowed == 10)
    }
}
