/// What the processes of a server have used.
struct ServerUsage {
    /// On-CPU time of all threads, in the kernel and outside of it.
    var cpuNanoseconds: UInt64 = 0
    /// Resident memory.
    var residentBytes = 0

    /// Reads `/proc`; threads that have ended are not counted, servers keep theirs.
    static func read(_ processes: [Int]) -> ServerUsage {
        var usage = ServerUsage()
        for process in processes {
            for thread in TextFile.list("/proc/\(process)/task") {
                let fields = TextFile.read("/proc/\(process)/task/\(thread)/schedstat")?.split(separator: " ")
                usage.cpuNanoseconds += fields?.first.flatMap { UInt64($0) } ?? 0
            }
            usage.residentBytes += residentBytes(of: process)
        }
        return usage
    }

    private static func residentBytes(of process: Int) -> Int {
        let lines = TextFile.read("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("Rss:") }
        let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (kibibytes ?? 0) * 1024
    }
}
