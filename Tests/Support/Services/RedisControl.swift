import Foundation

/// A blocking connection for what tests do to a Redis behind the back of the code under test.
struct RedisControl: ~Copyable {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// Connects to a port of 127.0.0.1; every wait ends after a second.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw ServiceFailure(description: "no socket") }
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let descriptor = descriptor
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw ServiceFailure(description: "nobody listens on port \(port)") }
    }

    deinit {
        close(descriptor)
    }

    /// Runs a command and returns its reply as text, the elements of an array on lines of their own.
    mutating func run(_ words: [String]) throws -> String {
        let text = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        let bytes = Array(text.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw ServiceFailure(description: "\(words) could not be sent")
        }
        return try reply(to: words)
    }

    /// Reads what comes unasked, such as a message of a subscription.
    mutating func next() throws -> String {
        try reply(to: [])
    }

    private mutating func reply(to words: [String]) throws -> String {
        let line = try readLine()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+", ":":
            return rest
        case "$":
            guard let count = Int(rest), count >= 0 else { return "" }
            let bytes = try read(count + 2)
            return String(decoding: bytes.dropLast(2), as: UTF8.self)
        case "*":
            return try (0..<max(Int(rest) ?? 0, 0)).map { _ in try reply(to: words) }.joined(separator: "\n")
        default:
            throw ServiceFailure(description: "\(words.joined(separator: " ")): \(rest)")
        }
    }

    private mutating func readLine() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = try read(end + 1)
                return String(decoding: line.dropLast(2), as: UTF8.self)
            }
            try receive()
        }
    }

    private mutating func read(_ count: Int) throws -> [UInt8] {
        while unread.count < count { try receive() }
        defer { unread.removeFirst(count) }
        return Array(unread.prefix(count))
    }

    private mutating func receive() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw ServiceFailure(description: "no answer") }
        unread.append(contentsOf: chunk.prefix(count))
    }
}
