import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("Every job queue", .timeLimit(.minutes(2)))
struct JobQueueConformance {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case redis
        case redisCluster
        case sqs
        case sqsFIFO
        case sqsOnMoto
        case sqsFIFOOnMoto

        /// Every implementation whose system is there; a missing one is left out locally and fails under CI.
        static var available: [Implementation] {
            allCases.filter { implementation in
                switch implementation {
                case .memory: true
                case .redis, .redisCluster: RedisBackends.run
                case .sqs, .sqsFIFO, .sqsOnMoto, .sqsFIFOOnMoto: EmulatedAWS.runsTests
                }
            }
        }

        /// Makes an empty queue whose leases last two seconds.
        func make() async throws -> any JobQueue {
            switch self {
            case .memory:
                var limits = MemoryJobQueueLimits()
                limits.lease = .seconds(2)
                return MemoryJobQueue(limits: limits)
            case .redis: return RedisBackends.jobQueue(try await RedisBackends.single())
            case .redisCluster: return RedisBackends.jobQueue(try await RedisBackends.cluster())
            case .sqs: return try await AWSConformance.jobQueue()
            case .sqsFIFO: return try await AWSConformance.jobQueue(isFIFO: true)
            case .sqsOnMoto: return try await AWSConformance.jobQueue(.moto)
            case .sqsFIFOOnMoto: return try await AWSConformance.jobQueue(.moto, isFIFO: true)
            }
        }
    }

    private func take(_ count: Int, from queue: any JobQueue) async throws -> [LeasedJob] {
        var jobs: [LeasedJob] = []
        while jobs.count < count {
            jobs += try await queue.receive(max: count - jobs.count, waiting: .seconds(5))
        }
        return jobs
    }

    @Test("jobs come back as they were put, each once", arguments: Implementation.available)
    func roundTrip(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        let payloads: [[UInt8]] = (0..<25).map { Array("job \($0)".utf8) } + [[], [0, 13, 255], Array("é🐦".utf8)]
        try await queue.enqueue(payloads)
        var seen: [[UInt8]] = []
        while seen.count < payloads.count {
            for job in try await queue.receive(max: 10, waiting: .seconds(5)) {
                #expect(job.attempt == 1)
                seen.append(job.payload)
                try await queue.acknowledge(job)
            }
        }
        #expect(Set(seen) == Set(payloads))
        #expect(try await queue.receive(max: 10, waiting: .zero).isEmpty)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("no more jobs come than were asked for", arguments: Implementation.available)
    func maximum(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        try await queue.enqueue((0..<5).map { [UInt8(65 + $0)] })
        #expect((1...3).contains(try await queue.receive(max: 3, waiting: .seconds(5)).count))
    }

    @Test("a job whose lease ends comes again with a higher attempt", arguments: Implementation.available)
    func lease(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        try await queue.enqueue([[65]])
        let first = try #require(try await take(1, from: queue).first)
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        try await queue.extendLease(of: first)
        let second = try #require(try await take(1, from: queue).first)
        #expect(second.id == first.id)
        #expect(second.attempt == 2)
    }

    @Test("a job that is given back comes after its delay", arguments: Implementation.available)
    func retry(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        try await queue.enqueue([[65]])
        let first = try #require(try await take(1, from: queue).first)
        try await queue.retry(first, after: .seconds(1))
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        let second = try #require(try await take(1, from: queue).first)
        #expect(second.attempt == 2)
        try await queue.retry(second, after: .zero)
        #expect(try await take(1, from: queue).first?.attempt == 3)
    }

    @Test("a job that is put aside is counted and does not come again", arguments: Implementation.available)
    func deadLetter(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        try await queue.enqueue([[65]])
        let job = try #require(try await take(1, from: queue).first)
        try await queue.deadLetter(job, reason: "it failed")
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 1))
    }

    @Test("the depth tells waiting jobs from leased ones", arguments: Implementation.available)
    func depth(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        try await queue.enqueue((0..<4).map { [UInt8(65 + $0)] })
        #expect(try await queue.depth() == JobQueueDepth(waiting: 4, leased: 0, deadLettered: 0))
        _ = try await take(1, from: queue)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 3, leased: 1, deadLettered: 0))
        try await queue.checkHealth()
    }

    @Test("a receiver that is cancelled returns without jobs", arguments: Implementation.available)
    func cancelled(implementation: Implementation) async throws {
        let queue = try await implementation.make()
        let task = Task { try await queue.receive(max: 1, waiting: .seconds(60)) }
        task.cancel()
        #expect(try await task.value.isEmpty)
    }
}
