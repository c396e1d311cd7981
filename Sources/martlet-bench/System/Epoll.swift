import CLinux
import Glibc

/// An epoll instance.
///
/// Threading: one thread.
final class Epoll {
    private let descriptor: Int32
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
    private static let capacity = 1024

    /// What a descriptor is ready for.
    struct Readiness {
        var token: UInt64
        var isReadable: Bool
        var isWritable: Bool
    }

    init() throws(BenchError) {
        descriptor = try SystemCall.check("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC)))
    }

    deinit {
        Glibc.close(descriptor)
        events.deallocate()
    }

    /// Watches a descriptor for bytes to read, and for room to write if asked.
    func add(_ watched: Int32, token: UInt64, writable: Bool = false) throws(BenchError) {
        try control(EPOLL_CTL_ADD, watched, token: token, readable: true, writable: writable)
    }

    /// Changes what a descriptor is watched for.
    func change(_ watched: Int32, token: UInt64, readable: Bool, writable: Bool) throws(BenchError) {
        try control(EPOLL_CTL_MOD, watched, token: token, readable: readable, writable: writable)
    }

    /// Watches a descriptor no more.
    func remove(_ watched: Int32) throws(BenchError) {
        try SystemCall.check("epoll_ctl", epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, nil))
    }

    private func control(
        _ operation: Int32,
        _ watched: Int32,
        token: UInt64,
        readable: Bool,
        writable: Bool
    ) throws(BenchError) {
        var event = epoll_event()
        event.events = (readable ? EPOLLIN.rawValue : 0) | (writable ? EPOLLOUT.rawValue : 0)
        event.data.u64 = token
        try SystemCall.check("epoll_ctl", epoll_ctl(descriptor, operation, watched, &event))
    }

    /// Waits and calls the closure for each descriptor that is ready.
    ///
    /// A timeout of -1 is none.
    @inline(__always)
    func wait(milliseconds: Int32, _ body: (Readiness) throws -> Void) throws {
        let count = epoll_wait(descriptor, events, Int32(Self.capacity), milliseconds)
        guard count >= 0 else {
            if errno == EINTR { return }
            throw BenchError.system("epoll_wait", code: errno)
        }
        let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue
        for index in 0..<Int(count) {
            let flags = events[index].events
            try body(
                Readiness(
                    token: events[index].data.u64,
                    isReadable: flags & (EPOLLIN.rawValue | broken) != 0,
                    isWritable: flags & EPOLLOUT.rawValue != 0
                )
            )
        }
    }
}
