import MemoryBackend
import ServerCore
import TestSupport
import Testing

@Suite("The memory job queue", .timeLimit(.minutes(1)))
struct MemoryJobQueueTests {
    private let clock = ManualClock()

    private func queue(_ change: (inout MemoryJobQueueLimits) -> Void = { _ in }) -> MemoryJobQueue<ManualClock> {
        var limits = MemoryJobQueueLimits()
        change(&limits)
        return MemoryJobQueue(limits: limits, clock: clock)
    }

    @Test("jobs come in order, once each, and are gone when acknowledged")
    func order() async throws {
        let queue = queue()
        try await queue.enqueue([[1], [2], [3]])
        let first = try await queue.receive(max: 2, waiting: .zero)
        let second = try await queue.receive(max: 2, waiting: .zero)
        #expect((first + second).map(\.payload) == [[1], [2], [3]])
        #expect((first + second).map(\.attempt) == [1, 1, 1])
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 3, deadLettered: 0))
        for job in first + second { try await queue.acknowledge(job) }
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
        clock.advance(by: .seconds(3600))
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
    }

    @Test("a job whose lease ends comes again and the old lease is worthless")
    func leaseEnds() async throws {
        let queue = queue()
        try await queue.enqueue([[1]])
        let old = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        clock.advance(by: queue.lease - .nanoseconds(1))
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        clock.advance(by: .nanoseconds(1))
        let new = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        #expect(new.id == old.id)
        #expect(new.attempt == 2)
        let error = await #expect(throws: BackendError.self) { try await queue.acknowledge(old) }
        #expect(error?.code == .conflict)
        try await queue.acknowledge(new)
        await #expect(throws: BackendError.self) { try await queue.acknowledge(new) }
    }

    @Test("a lease that ended can still be settled while nobody else took the job")
    func lateAcknowledgement() async throws {
        let queue = queue()
        try await queue.enqueue([[1]])
        let job = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        clock.advance(by: queue.lease * 2)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 1, leased: 0, deadLettered: 0))
        try await queue.acknowledge(job)
        #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0))
    }

    @Test("an extended lease holds")
    func extendedLease() async throws {
        let queue = queue()
        try await queue.enqueue([[1]])
        let job = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        for _ in 0..<5 {
            clock.advance(by: queue.lease / 2)
            try await queue.extendLease(of: job)
            #expect(try await queue.receive(max: 1, waiting: .zero).isEmpty)
        }
        clock.advance(by: queue.lease)
        #expect(try await queue.receive(max: 1, waiting: .zero).count == 1)
    }

    @Test("a retried job comes after its delay with a higher attempt, and wakes who waits")
    func retry() async throws {
        let queue = queue()
        try await queue.enqueue([[1]])
        let job = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        let waiting = Task { try await queue.receive(max: 1, waiting: .seconds(50)) }
        await clock.sleeps.wait(for: 1)
        try await queue.retry(job, after: .seconds(5))
        await #expect(throws: BackendError.self) { try await queue.acknowledge(job) }
        #expect(try await queue.depth() == JobQueueDepth(waiting: 1, leased: 0, deadLettered: 0))
        await clock.sleeps.wait(for: 2)
        clock.advance(by: .seconds(5))
        #expect(try await waiting.value.map(\.attempt) == [2])
    }

    @Test("a waiting receiver gets the next job, or nothing when its time is over")
    func waiting() async throws {
        let queue = queue()
        let lucky = Task { try await queue.receive(max: 10, waiting: .seconds(20)) }
        await clock.sleeps.wait(for: 1)
        try await queue.enqueue([[1]])
        #expect(try await lucky.value.map(\.payload) == [[1]])
        let unlucky = Task { try await queue.receive(max: 10, waiting: .seconds(20)) }
        await clock.sleeps.wait(for: 2)
        clock.advance(by: .seconds(20))
        #expect(try await unlucky.value.isEmpty)
    }

    @Test("a cancelled receiver takes nothing away from the others")
    func cancellation() async throws {
        let queue = queue()
        let cancelled = Task { try await queue.receive(max: 1, waiting: .seconds(20)) }
        await clock.sleeps.wait(for: 1)
        let other = Task { try await queue.receive(max: 1, waiting: .seconds(20)) }
        await clock.sleeps.wait(for: 2)
        cancelled.cancel()
        try await queue.enqueue([[1]])
        let jobs = try await cancelled.value
        if jobs.isEmpty {
            #expect(try await other.value.map(\.payload) == [[1]])
        } else {
            other.cancel()
        }
    }

    @Test("a full queue refuses all of an enqueue and takes jobs again when one is done")
    func capacity() async throws {
        let queue = queue { $0.maxJobs = 2 }
        try await queue.enqueue([[1]])
        let error = await #expect(throws: BackendError.self) { try await queue.enqueue([[2], [3]]) }
        #expect(error?.code == .capacityExceeded)
        try await queue.enqueue([[2]])
        await #expect(throws: BackendError.self) { try await queue.checkHealth() }
        let job = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        await #expect(throws: BackendError.self) { try await queue.enqueue([[3]]) }
        try await queue.acknowledge(job)
        try await queue.checkHealth()
        try await queue.enqueue([[3]])
    }

    @Test("payload bytes are bounded too")
    func bytes() async throws {
        let queue = queue { $0.maxBytes = 10 }
        try await queue.enqueue([[UInt8](repeating: 0, count: 8)])
        await #expect(throws: BackendError.self) { try await queue.enqueue([[1, 2, 3]]) }
        try await queue.enqueue([[1, 2]])
    }

    @Test("dead letters are kept with their reason, the latest of them")
    func deadLetters() async throws {
        let queue = queue { $0.maxDeadLetters = 2 }
        try await queue.enqueue([[1], [2], [3]])
        for job in try await queue.receive(max: 3, waiting: .zero) {
            try await queue.deadLetter(job, reason: "reason \(job.payload[0])")
        }
        #expect(queue.deadLetters.map(\.reason) == ["reason 2", "reason 3"])
        #expect(queue.deadLetters.map(\.payload) == [[2], [3]])
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 2))
    }

    @Test("closing ends all waiting and refuses jobs, but lets leases be settled")
    func close() async throws {
        let queue = queue()
        try await queue.enqueue([[1]])
        let job = try #require(try await queue.receive(max: 1, waiting: .zero).first)
        let waiting = Task { try await queue.receive(max: 1, waiting: .seconds(20)) }
        await clock.sleeps.wait(for: 1)
        queue.close()
        await #expect(throws: BackendError.self) { try await waiting.value }
        await #expect(throws: BackendError.self) { try await queue.enqueue([[2]]) }
        try await queue.acknowledge(job)
    }

    @Test("many producers and consumers lose nothing and see nothing twice")
    func concurrency() async throws {
        let queue = MemoryJobQueue()
        let seen = Recorder<[UInt8]>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while seen.elements.count < 2_000 {
                        for job in try await queue.receive(max: 7, waiting: .milliseconds(20)) {
                            if job.payload[0] % 5 == 0, job.attempt == 1 {
                                try await queue.retry(job, after: .milliseconds(1))
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
                    for number in 0..<500 {
                        try await queue.enqueue([[UInt8(number & 0xff), UInt8(number >> 8), UInt8(producer)]])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(Set(seen.elements).count == 2_000)
        #expect(seen.elements.count == 2_000)
    }
}
