import Glibc

/// Opens and uses stream sockets.
enum StreamSocket {
    /// Connects to an IPv4 address.
    ///
    /// It comes from the address 127.0.0.`source`, because one address has 28,000 ports.
    static func connect(host: String, port: Int, source: Int) throws(BenchError) -> Int32 {
        let descriptor = try SystemCall.check(
            "socket",
            socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        )
        do throws(BenchError) {
            try setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            if host.hasPrefix("127.") {
                // The port is chosen at connect, so that one port serves many sources.
                try setOption(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
                var own = try address(host: "127.0.0.\(source)", port: 0)
                try SystemCall.check("bind", withAddress(&own) { bind(descriptor, $0, $1) })
            }
            var peer = try address(host: host, port: port)
            try SystemCall.check("connect", withAddress(&peer) { Glibc.connect(descriptor, $0, $1) })
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Connects to a Unix socket.
    static func connect(path: String) throws(BenchError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { throw BenchError("the path '\(path)' is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = try SystemCall.check(
            "socket",
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        )
        do throws(BenchError) {
            try SystemCall.check("connect", withAddress(&address) { Glibc.connect(descriptor, $0, $1) })
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Listens without blocking on a port of 127.0.0.1; 0 takes a free one.
    static func listen(port: Int) throws(BenchError) -> Int32 {
        let descriptor = try SystemCall.check(
            "socket",
            socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        )
        try setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        var own = try address(host: "127.0.0.1", port: port)
        try SystemCall.check("bind", withAddress(&own) { bind(descriptor, $0, $1) })
        try SystemCall.check("listen", Glibc.listen(descriptor, 4096))
        return descriptor
    }

    /// The port that a socket is bound to.
    static func port(of descriptor: Int32) throws(BenchError) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withAddress(&address) { pointer, _ in
            getsockname(descriptor, UnsafeMutablePointer(mutating: pointer), &length)
        }
        try SystemCall.check("getsockname", result)
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    /// Sets an option that is an `int`.
    static func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(BenchError) {
        var value = value
        try SystemCall.check(
            "setsockopt",
            setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        )
    }

    /// Makes a close send a reset instead of the usual end.
    static func resetOnClose(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Sends all bytes and waits where the peer does not take them.
    static func sendAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(BenchError) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let sent = send(descriptor, base, rest.count, Int32(MSG_NOSIGNAL))
            guard sent >= 0 else {
                if errno == EINTR { continue }
                throw .system("send", code: errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
        }
    }

    private static func address(host: String, port: Int) throws(BenchError) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw BenchError("'\(host)' is not an IPv4 address")
        }
        return address
    }

    private static func withAddress<Address>(
        _ address: inout Address,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafeMutableBytes(of: &address) { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return body(base, socklen_t(bytes.count))
        }
    }
}
