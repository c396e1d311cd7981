import Glibc

/// Two connected sockets with small buffers; the second end is read by the test.
struct SocketPair {
    let server: Int32
    let client: Int32

    /// The system has no more sockets.
    struct CannotMake: Error {}

    /// Makes a pair whose server end takes about `bufferBytes` before it blocks.
    init(bufferBytes: Int32 = 4096) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { throw CannotMake() }
        server = ends[0]
        client = ends[1]
        var size = bufferBytes
        setsockopt(server, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
        }
    }

    /// Reads what has arrived, up to a number of bytes.
    func read(max: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max)
        let count = recv(client, &bytes, max, 0)
        return count > 0 ? Array(bytes.prefix(count)) : []
    }

    /// Closes both ends.
    func close() {
        Glibc.close(server)
        Glibc.close(client)
    }
}
