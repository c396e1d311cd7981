import CAllocations
import CLinux

/// Times one piece of work that is too short for a clock.
struct MicroBenchmark {
    let name: String
    let work: () throws -> Void

    /// A median of batches.
    struct Result: Sendable {
        var nanoseconds: Statistics
        /// What the work asked the allocator for, a call.
        var allocations: Double
        /// What the allocator handed out and kept, in bytes a call; 0 says that the work leaves nothing behind.
        var retainedBytes: Double
    }

    /// Runs batches of about 20 ms each on the calling thread.
    func run(batches: Int) throws -> Result {
        var count = 1
        while try time(count) < 20_000_000 {
            count *= 2
        }
        let before = mallinfo2().uordblks
        let allocations = martlet_allocation_count()
        let times = try (0..<batches).map { _ in Double(try time(count)) / Double(count) }
        let calls = Double(count * batches)
        let allocated = Double(martlet_allocation_count() - allocations) / calls
        let retained = Double(Int(mallinfo2().uordblks) - Int(before)) / calls
        guard let statistics = Statistics(times) else { throw BenchError("no batches") }
        return Result(nanoseconds: statistics, allocations: allocated, retainedBytes: retained)
    }

    private func time(_ count: Int) throws -> UInt64 {
        let start = Nanoseconds.ownCPU()
        for _ in 0..<count {
            try work()
        }
        return Nanoseconds.ownCPU() - start
    }
}
