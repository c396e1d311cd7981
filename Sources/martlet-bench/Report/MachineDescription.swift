import Glibc

/// The machine that a report was made on.
enum MachineDescription {
    /// Processor, cores and kernel.
    static var text: String {
        let processor = TextFile.read("/proc/cpuinfo")?.split(separator: "\n")
            .first { $0.hasPrefix("model name") }?.split(separator: ":").last.map { $0.drop { $0 == " " } }
        let kernel = TextFile.read("/proc/sys/kernel/osrelease")?.split(separator: "\n").first
        return
            "\(processor ?? "unknown processor"), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, Linux \(kernel ?? "")"
    }
}
