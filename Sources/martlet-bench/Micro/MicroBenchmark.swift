import CLinux

/// Times one piece of work that is too short for a clock.
struct MicroBenchmark {
    let name: String
    let work: () throws -> Void

    /// A median of batches.
    struct Result {
        var nanoseconds: Statistics
        /// What the allocator handed out and kept, in bytes a call; 0 says that the work leaves nothing behind.
        var retainedBytes: Double
    }

    /// Runs batches of about 20 ms each.
    func run(batches: Int) throws -> Result {
        var count = 1
        while try time(count) < 20_000_000 {
            count *= 2
        }
        let before = mallinfo2().uordblks
        let times = try (0..<batches).map { _ in Double(try time(count)) / Double(count) }
        let retained = Double(Int(mallinfo2().uordblks) - Int(before)) / Double(count * batches)
        guard let statistics = Statistics(times) else { throw BenchError("no batches") }
        return Result(nanoseconds: statistics, retainedBytes: retained)
    }

    private func time(_ count: Int) throws -> UInt64 {
        let start = Nanoseconds.ownCPU()
        for _ in 0..<count {
            try work()
        }
        return Nanoseconds.ownCPU() - start
    }
}
