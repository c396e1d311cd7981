import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

/// What the roles promise beyond the suites that they share with others.
@Suite(
    "Roles on Redis",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(1))
)
struct RedisRoleTests {
    @Test("two nodes share one limit and one cache")
    func shared() async throws {
        let server = try await RedisServer.shared.get()
        let prefix = TestRedis.prefix()
        let nodes = try (0..<2).map { _ in try TestRedis.client(port: server.port) }
        let limiters = nodes.map { RedisRateLimiter(client: $0, prefix: prefix) }
        let limit = RateLimit(maxRequests: 4, windowSeconds: 60)
        var remaining: [Int] = []
        for number in 0..<5 {
            remaining.append(try await limiters[number % 2].consume("a", limit: limit).remaining)
        }
        #expect(remaining == [3, 2, 1, 0, 0])
        let caches = nodes.map { RedisCacheStore(client: $0, prefix: prefix) }
        try await caches[0].set([1], for: "key", ttl: .seconds(60))
        #expect(try await caches[1].value(for: "key")?.bytes == [1])
        #expect(try server.control("EXISTS", "\(prefix):key") == "1")
    }

    @Test("the largest limits are counted exactly, and keys end by themselves")
    func largeLimits() async throws {
        let server = try await RedisServer.shared.get()
        let prefix = TestRedis.prefix()
        let limiter = RedisRateLimiter(client: try TestRedis.client(port: server.port), prefix: prefix)
        let limit = RateLimit(maxRequests: .max, windowSeconds: .max)
        #expect(try await limiter.consume("a", limit: limit).remaining == 99_999_999)
        #expect(try await limiter.consume("a", limit: limit).remaining == 99_999_998)
        let milliseconds = Int(try server.control("PTTL", "\(prefix):a")) ?? 0
        #expect((1...172_800_000).contains(milliseconds))
    }

    @Test("a full Redis is told from one that is away")
    func outOfMemory() async throws {
        let server = try await RedisServer.start(options: ["--maxmemory", "1", "--maxmemory-policy", "noeviction"])
        let client = try TestRedis.client(port: server.port)
        let cache = RedisCacheStore(client: client, prefix: "p")
        let error = await #expect(throws: BackendError.self) { try await cache.set([1], for: "a", ttl: .seconds(9)) }
        #expect(error?.code == .capacityExceeded)
        let queue = RedisJobQueue(client: client)
        let refusal = await #expect(throws: BackendError.self) { try await queue.enqueue([[1]]) }
        #expect(refusal?.code == .capacityExceeded)
    }

    @Test("jobs of a node that dies are done by another")
    func handOver() async throws {
        let server = try await RedisServer.shared.get()
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = TestRedis.prefix()
        configuration.lease = .milliseconds(300)
        let clients = try (0..<2).map { _ in try TestRedis.client(port: server.port) }
        let dying = RedisJobQueue(client: clients[0], configuration: configuration)
        let other = RedisJobQueue(client: clients[1], configuration: configuration)
        try await dying.enqueue([[1]])
        #expect(try await dying.receive(max: 1, waiting: .zero).count == 1)
        clients[0].close()
        // Wakes at the end of the lease, without a poll at the right moment.
        let job = try #require(try await other.receive(max: 1, waiting: .seconds(30)).first)
        #expect(job.attempt == 2)
        try await other.acknowledge(job)
    }

    @Test("a waiting node gets another node's job before its own next deadline")
    func polling() async throws {
        let server = try await RedisServer.shared.get()
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = TestRedis.prefix()
        configuration.pollInterval = .milliseconds(50)
        let queues = try (0..<2).map { _ in
            RedisJobQueue(client: try TestRedis.client(port: server.port), configuration: configuration)
        }
        let waiting = Task { try await queues[0].receive(max: 1, waiting: .seconds(30)) }
        try await queues[1].enqueue([[9]])
        #expect(try await waiting.value.map(\.payload) == [[9]])
    }

    @Test("dead letters are kept with their reason, the latest of them")
    func deadLetters() async throws {
        let server = try await RedisServer.shared.get()
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = TestRedis.prefix()
        configuration.maxDeadLetters = 2
        let queue = RedisJobQueue(client: try TestRedis.client(port: server.port), configuration: configuration)
        try await queue.enqueue([[1], [2], [3]])
        for job in try await queue.receive(max: 3, waiting: .zero) {
            try await queue.deadLetter(job, reason: "reason \(job.payload[0])")
        }
        let kept = try await queue.deadLetters(max: 10)
        #expect(Set(kept.map(\.reason)).count == 2)
        #expect(kept.allSatisfy { $0.reason == "reason \($0.payload[0])" })
        #expect(try await queue.depth().deadLettered == 2)
    }

    @Test("an enqueue that is repeated after a lost connection puts its jobs there once")
    func repeatedEnqueue() async throws {
        let server = try await RedisServer.shared.get()
        let client = try TestRedis.client(port: server.port)
        let prefix = TestRedis.prefix()
        let keys = ["jobs", "attempts", "ready", "delayed", "leased", "dead", "buried", "reasons"].map {
            "\(prefix):{q}:\($0)"
        }
        let call = RedisScript.Call(keys: keys, arguments: [Array("id".utf8), [1]])
        for _ in 0..<2 {
            _ = try await RedisJobScripts.enqueue.run(call, on: client, patience: .zero)
        }
        #expect(try server.control("LLEN", keys[2]) == "1")
    }

    @Test("large enqueues are cut, and large payloads bound what one receive brings")
    func sizes() async throws {
        let server = try await RedisServer.shared.get()
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = TestRedis.prefix()
        configuration.maxReceivedBytes = 100
        let queue = RedisJobQueue(client: try TestRedis.client(port: server.port), configuration: configuration)
        try await queue.enqueue((0..<1_000).map { _ in [UInt8](repeating: 1, count: 60) })
        #expect(try await queue.receive(max: 64, waiting: .zero).count == 2)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 998, leased: 2, deadLettered: 0))
    }
}
