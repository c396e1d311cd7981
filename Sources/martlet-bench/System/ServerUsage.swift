/// What the processes of a server have used.
struct ServerUsage {
    /// On-CPU time of all threads, in the kernel and outside of it.
    var cpuNanoseconds: UInt64 = 0
    /// Resident memory.
    var residentBytes = 0

    /// Reads `/proc`; threads that have ended are not counted, servers keep theirs.
    static func read(_ processes: [Int]) -> ServerUsage {
        ServerUsage(
            cpuNanoseconds: cpuNanoseconds(processes),
            residentBytes: processes.reduce(0) { $0 + residentBytes(of: $1) }
        )
    }

    /// On-CPU time of all threads.
    static func cpuNanoseconds(_ processes: [Int]) -> UInt64 {
        var total: UInt64 = 0
        for process in processes {
            for thread in TextFile.list("/proc/\(process)/task") {
                let fields = TextFile.read("/proc/\(process)/task/\(thread)/schedstat")?.split(separator: " ")
                total += fields?.first.flatMap { UInt64($0) } ?? 0
            }
        }
        return total
    }

    /// Whether a thread runs, or would if a core were free.
    static func isRunning(_ processes: [Int]) -> Bool {
        processes.contains { process in
            TextFile.list("/proc/\(process)/task").contains { thread in
                // `1234 (name) R …`; a name may hold anything but ends at the last parenthesis.
                let text = TextFile.read("/proc/\(process)/task/\(thread)/stat") ?? ""
                return text.lastIndex(of: ")").map { text[$0...].hasPrefix(") R") } ?? false
            }
        }
    }

    private static func residentBytes(of process: Int) -> Int {
        let lines = TextFile.read("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("Rss:") }
        let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (kibibytes ?? 0) * 1024
    }
}
