import Glibc

/// Reads the metrics that every Prometheus client shows of its own process, by their common names.
struct ProcessMetrics: Sendable {
    private let pageBytes = Double(max(sysconf(Int32(_SC_PAGESIZE)), 1))
    private let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))

    /// Writes what can be read now; a family that cannot be read is left out.
    func write(to text: inout TextExposition) {
        if let content = ProcFile.read("/proc/self/stat"), let stat = ProcessStat(content) {
            write(stat, to: &text)
        }
        if let open = ProcFile.openDescriptors() {
            text.family("process_open_fds", kind: .gauge, help: "Number of open file descriptors.")
            text.sample("process_open_fds", labels: "", value: Int64(open))
        }
        if let most = ProcFile.maxDescriptors() {
            text.family("process_max_fds", kind: .gauge, help: "Maximum number of open file descriptors.")
            text.sample("process_max_fds", labels: "", value: most)
        }
    }

    private func write(_ stat: ProcessStat, to text: inout TextExposition) {
        text.family(
            "process_cpu_seconds_total",
            kind: .counter,
            help: "Total user and system CPU time spent in seconds."
        )
        text.sample("process_cpu_seconds_total", labels: "", value: Double(stat.cpuTicks) / ticksPerSecond)
        text.family("process_resident_memory_bytes", kind: .gauge, help: "Resident memory size in bytes.")
        text.sample("process_resident_memory_bytes", labels: "", value: Double(stat.residentPages) * pageBytes)
        text.family("process_virtual_memory_bytes", kind: .gauge, help: "Virtual memory size in bytes.")
        text.sample("process_virtual_memory_bytes", labels: "", value: Double(stat.virtualBytes))
        guard let bootSeconds = ProcFile.read("/proc/stat").flatMap(ProcessStat.bootSeconds) else { return }
        text.family(
            "process_start_time_seconds",
            kind: .gauge,
            help: "Start time of the process since the Unix epoch in seconds."
        )
        let start = Double(bootSeconds) + Double(stat.startTicks) / ticksPerSecond
        text.sample("process_start_time_seconds", labels: "", value: start)
    }
}
