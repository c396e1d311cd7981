import Glibc

/// What one bare `send(2)` costs at the moment, to tell a slow server from a slow machine.
enum NoiseProbe {
    /// Sends 200 bytes over loopback many times; returns the CPU nanoseconds of each.
    static func sendNanoseconds(count: Int = 200_000) throws -> Double {
        let listener = try StreamSocket.listen(port: 0)
        defer { close(listener) }
        let sender = try StreamSocket.connect(host: "127.0.0.1", port: try StreamSocket.port(of: listener), source: 1)
        defer { close(sender) }
        var receiver: Int32 = -1
        while receiver < 0 {
            receiver = accept(listener, nil, nil)
        }
        defer { close(receiver) }
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 200)
        var drain = [UInt8](repeating: 0, count: 64 * 1024)
        var spent: UInt64 = 0
        for _ in 0..<(count / 100) {
            let start = Nanoseconds.ownCPU()
            for _ in 0..<100 {
                send(sender, payload, payload.count, Int32(MSG_NOSIGNAL))
            }
            spent += Nanoseconds.ownCPU() - start
            var left = 100 * payload.count
            while left > 0 {
                left -= max(0, recv(receiver, &drain, drain.count, 0))
            }
        }
        return Double(spent) / Double(count / 100 * 100)
    }
}
