#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The memory of the machine in bytes, as `/proc/meminfo` has it.
struct SystemMemory: Equatable {
    var total = 0
    /// What programs can have without swapping.
    var free = 0

    var used: Int { total - free }

    /// Reads the numbers; all are 0 where the system does not tell.
    static func read() -> SystemMemory {
        guard let file = fopen("/proc/meminfo", "r") else { return SystemMemory() }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return SystemMemory(meminfo: String(decoding: bytes.prefix(count), as: UTF8.self))
    }

    private init() {}

    /// Reads the file's text: lines of `Name:  123 kB`.
    init(meminfo text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 2, let kibibytes = Int(fields[1]) else { continue }
            switch fields[0] {
            case "MemTotal:": total = kibibytes * 1024
            case "MemAvailable:": free = kibibytes * 1024
            default: break
            }
        }
    }
}
