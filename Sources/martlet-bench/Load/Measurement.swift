/// The time and CPU between two moments.
struct Measurement {
    private let processes: [Int]
    private let usage: ServerUsage
    private let ownCPU: UInt64
    private let start: UInt64

    /// Begins.
    init(_ target: Target) {
        processes = target.processes
        usage = ServerUsage.read(processes)
        ownCPU = Nanoseconds.ownCPU()
        start = Nanoseconds.now()
    }

    /// What has passed since the beginning.
    struct Span {
        var seconds: Double
        var serverCPU: Double
        var ownCPU: Double
        var serverResidentBytes: Int
        /// The server's memory at the beginning.
        var residentBytesBefore: Int

        /// Adds the rate and the cost of what was counted.
        func report(_ count: Int, of subject: String, in result: inout RunResult) {
            result.add("\(subject)/s", Double(count) / seconds, "/s")
            if serverCPU > 0, count > 0 {
                result.add("server CPU per \(subject)", serverCPU / Double(count) * 1e9, "ns")
                result.add("\(subject)/s of server CPU", Double(count) / serverCPU, "/s")
                result.add("server CPU", serverCPU / seconds * 100, "%")
            }
            result.add("client CPU", ownCPU / seconds * 100, "%")
        }
    }

    /// Ends.
    func end() -> Span {
        let now = Nanoseconds.now()
        let after = ServerUsage.read(processes)
        return Span(
            seconds: Double(now - start) / 1e9,
            serverCPU: Double(after.cpuNanoseconds &- usage.cpuNanoseconds) / 1e9,
            ownCPU: Double(Nanoseconds.ownCPU() - ownCPU) / 1e9,
            serverResidentBytes: after.residentBytes,
            residentBytesBefore: usage.residentBytes
        )
    }
}
