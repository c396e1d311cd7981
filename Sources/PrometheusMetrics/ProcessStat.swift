/// The fields of `/proc/self/stat` that are metrics (proc(5)).
struct ProcessStat: Equatable {
    var cpuTicks: UInt64
    /// Since the machine's start.
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    /// Parses the line; the command in parentheses may hold spaces and parentheses of its own.
    init?(_ content: String) {
        guard let end = content.lastIndex(of: ")") else { return nil }
        // The first field after the command is number 3 in proc(5).
        let fields = content[content.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> UInt64? {
            fields.indices.contains(number - 3) ? UInt64(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22),
            let virtual = field(23), let resident = field(24)
        else { return nil }
        cpuTicks = user &+ system
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }

    /// Finds the machine's start, in seconds since the Unix epoch, in `/proc/stat`.
    static func bootSeconds(_ content: String) -> UInt64? {
        for line in content.split(separator: "\n") where line.hasPrefix("btime ") {
            return UInt64(line.dropFirst("btime ".count))
        }
        return nil
    }
}
