import Glibc

/// Asks a Redis server what it has done.
final class RedisProbe {
    private let descriptor: Int32

    /// Connects to `host:port`, an IPv4 address.
    init(_ address: String) throws(BenchError) {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else {
            throw BenchError("'\(address)' is not host:port of a Redis server")
        }
        descriptor = try StreamSocket.connect(host: String(parts[0]), port: port, source: 1)
    }

    deinit { close(descriptor) }

    /// Reads the counters.
    func usage() throws(BenchError) -> RedisUsage {
        let question = Array("INFO commandstats cpu\r\n".utf8)
        var failure: BenchError?
        question.withUnsafeBytes { bytes in
            do throws(BenchError) { try StreamSocket.sendAll(descriptor, bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        return RedisUsage(info: try readBulk())
    }

    private func readBulk() throws(BenchError) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { throw BenchError("a Redis server ended the connection") }
            bytes.append(contentsOf: chunk[..<count])
            guard let end = bytes.firstIndex(of: 10) else { continue }
            let head = String(decoding: bytes[..<end], as: UTF8.self)
            guard head.hasPrefix("$"), let length = Int(head.dropFirst().filter(\.isNumber)) else {
                throw BenchError("a Redis server said: \(head)")
            }
            if bytes.count >= end + 1 + length + 2 {
                return String(decoding: bytes[(end + 1)..<(end + 1 + length)], as: UTF8.self)
            }
        }
    }
}

/// What a Redis server has done since it started, or between two moments.
struct RedisUsage {
    /// Calls by the command's name, those inside of scripts too.
    var calls: [String: Double] = [:]
    /// On-CPU time in the kernel and outside of it.
    var cpuSeconds = 0.0

    /// Parses the answer to `INFO commandstats cpu`; the question itself does not count.
    init(info: String) {
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "used_cpu_user", "used_cpu_sys": cpuSeconds += Double(parts[1]) ?? 0
            case let name where name.hasPrefix("cmdstat_") && name != "cmdstat_info":
                let field = parts[1].split(separator: ",").first { $0.hasPrefix("calls=") }
                calls[String(name.dropFirst(8))] = field.flatMap { Double($0.dropFirst(6)) } ?? 0
            default: break
            }
        }
    }

    /// What was done since an earlier moment.
    func since(_ before: RedisUsage) -> RedisUsage {
        var usage = self
        usage.cpuSeconds -= before.cpuSeconds
        usage.calls = calls.reduce(into: [:]) { calls, entry in
            let count = entry.value - (before.calls[entry.key] ?? 0)
            if count > 0 { calls[entry.key] = count }
        }
        return usage
    }
}
