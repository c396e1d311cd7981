import Foundation
import Synchronization

/// Hands out TCP ports of 127.0.0.1 that nobody listens on.
///
/// They lie below the range that the kernel takes for outgoing connections, so that none is taken between the check
/// and the server's bind; each test process starts at a place of its own and never hands out a port twice.
package enum FreePort {
    private static let range = 12_000..<32_000
    private static let offset = Mutex(Int(getpid()) * 97 % range.count)

    /// The next free port.
    package static func next() -> Int {
        offset.withLock { offset in
            repeat {
                offset = (offset + 1) % range.count
            } while !isFree(range.lowerBound + offset)
            return range.lowerBound + offset
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
