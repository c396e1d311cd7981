import MemoryBackend
import RedisBackend
import ServerCore
import TestSupport
import Testing

/// What queues promise that decide about each lease themselves.
@Suite("Every job queue with exact leases", .timeLimit(.minutes(2)))
struct ExactLeaseConformance {
    /// The implementations of the port.
    enum Implementation: CaseIterable {
        case memory
        case redis
        case redisCluster

        /// Those whose services are here, or must be.
        static var allCases: [Self] { RedisBackends.run ? [.memory, .redis, .redisCluster] : [.memory] }

        /// Makes an empty queue with leases of two seconds and a way to let its time pass.
        func make() async throws -> (queue: any JobQueue, pass: @Sendable (Duration) async throws -> Void) {
            switch self {
            case .memory:
                let clock = ManualClock()
                var limits = MemoryJobQueueLimits()
                limits.lease = .seconds(2)
                return (MemoryJobQueue(limits: limits, clock: clock), { clock.advance(by: $0) })
            case .redis:
                return (RedisBackends.jobQueue(try await RedisBackends.single()), RedisBackends.pass)
            case .redisCluster:
                return (RedisBackends.jobQueue(try await RedisBackends.cluster()), RedisBackends.pass)
            }
        }
    }

    private func receiveOne(_ queue: any JobQueue) async throws -> LeasedJob? {
        try await queue.receive(max: 1, waiting: .zero).first
    }

    private func expectConflict(_ body: () async throws(BackendError) -> Void) async {
        let error = await #expect(throws: BackendError.self) { try await body() }
        #expect(error?.code == .conflict)
    }

    @Test("jobs come once each, unchanged, and are gone when acknowledged", arguments: Implementation.allCases)
    func acknowledge(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        let payloads: [[UInt8]] = [[], [0, 13, 10, 255], [UInt8](repeating: 7, count: 200_000)]
        try await queue.enqueue(payloads)
        let first = try await queue.receive(max: 2, waiting: .zero)
        let second = try await queue.receive(max: 2, waiting: .zero)
        #expect((first + second).map(\.payload) == payloads)
        #expect((first + second).map(\.attempt) == [1, 1, 1])
        #expect(Set((first + second).map(\.id)).count == 3)
        #expect(try await receiveOne(queue) == nil)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 3, deadLettered: 0))
        for job in first + second { try await queue.acknowledge(job) }
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
        try await pass(queue.lease)
        #expect(try await receiveOne(queue) == nil)
    }

    @Test("enqueueing nothing is nothing", arguments: Implementation.allCases)
    func empty(implementation: Implementation) async throws {
        let (queue, _) = try await implementation.make()
        try await queue.enqueue([])
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("a job whose lease ends comes again, and the old lease is worthless then", arguments: Implementation.allCases)
    func leaseEnds(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        try await queue.enqueue([[1]])
        let old = try #require(try await receiveOne(queue))
        #expect(try await receiveOne(queue) == nil)
        try await pass(queue.lease)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 1, leased: 0, deadLettered: 0))
        let new = try #require(try await receiveOne(queue))
        #expect(new.id == old.id)
        #expect(new.attempt == 2)
        await expectConflict { () throws(BackendError) in try await queue.acknowledge(old) }
        await expectConflict { () throws(BackendError) in try await queue.retry(old, after: .zero) }
        await expectConflict { () throws(BackendError) in try await queue.extendLease(of: old) }
        await expectConflict { () throws(BackendError) in try await queue.deadLetter(old, reason: "late") }
        try await queue.acknowledge(new)
        await expectConflict { () throws(BackendError) in try await queue.acknowledge(new) }
    }

    @Test("a lease that ended can be settled while nobody else took the job", arguments: Implementation.allCases)
    func late(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        try await queue.enqueue([[1], [2]])
        let jobs = try await queue.receive(max: 2, waiting: .zero)
        try await pass(queue.lease)
        try await queue.acknowledge(jobs[0])
        try await queue.extendLease(of: jobs[1])
        #expect(try await receiveOne(queue) == nil)
        try await queue.acknowledge(jobs[1])
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("an extended lease holds", arguments: Implementation.allCases)
    func extended(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        try await queue.enqueue([[1]])
        let job = try #require(try await receiveOne(queue))
        for _ in 0..<3 {
            try await pass(queue.lease / 2)
            try await queue.extendLease(of: job)
        }
        #expect(try await receiveOne(queue) == nil)
        try await pass(queue.lease)
        #expect(try await receiveOne(queue)?.attempt == 2)
    }

    @Test("a retried job comes after its delay with a higher attempt", arguments: Implementation.allCases)
    func retry(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        try await queue.enqueue([[1]])
        let job = try #require(try await receiveOne(queue))
        try await queue.retry(job, after: .seconds(4))
        await expectConflict { () throws(BackendError) in try await queue.acknowledge(job) }
        #expect(try await queue.depth() == JobQueueDepth(waiting: 1, leased: 0, deadLettered: 0))
        #expect(try await receiveOne(queue) == nil)
        try await pass(.seconds(4))
        let again = try #require(try await receiveOne(queue))
        #expect(again.attempt == 2)
        #expect(again.payload == [1])
        try await queue.retry(again, after: .zero)
        #expect(try await receiveOne(queue)?.attempt == 3)
    }

    @Test("a dead letter is counted and never comes again", arguments: Implementation.allCases)
    func deadLetter(implementation: Implementation) async throws {
        let (queue, pass) = try await implementation.make()
        try await queue.enqueue([[1]])
        let job = try #require(try await receiveOne(queue))
        try await queue.deadLetter(job, reason: "hopeless")
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 1))
        try await pass(queue.lease)
        #expect(try await receiveOne(queue) == nil)
        await expectConflict { () throws(BackendError) in try await queue.acknowledge(job) }
    }

    @Test("a receiver that waits gets the job that comes", arguments: Implementation.allCases)
    func waiting(implementation: Implementation) async throws {
        let (queue, _) = try await implementation.make()
        let receiver = Task { try await queue.receive(max: 10, waiting: .seconds(30)) }
        try await queue.enqueue([[1]])
        #expect(try await receiver.value.map(\.payload) == [[1]])
    }

    @Test("many producers and consumers lose nothing and see nothing twice", arguments: Implementation.allCases)
    func concurrency(implementation: Implementation) async throws {
        let (queue, _) = try await implementation.make()
        let seen = Recorder<[UInt8]>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while seen.elements.count < 400 {
                        // A queue that answers at once must not keep the producers from their turn.
                        await Task.yield()
                        for job in try await queue.receive(max: 7, waiting: .zero) {
                            if job.payload[0] % 5 == 0, job.attempt == 1 {
                                try await queue.retry(job, after: .zero)
                            } else {
                                try await queue.acknowledge(job)
                                seen.record(job.payload)
                            }
                        }
                    }
                }
            }
            for producer in 0..<4 {
                group.addTask {
                    for number in 0..<50 {
                        try await queue.enqueue([
                            [UInt8(number), UInt8(producer), 0], [UInt8(number), UInt8(producer), 1],
                        ])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(Set(seen.elements).count == 400)
        #expect(seen.elements.count == 400)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }
}
