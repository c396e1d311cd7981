import Glibc
import Synchronization

/// Writes whole lines to a descriptor, one `write(2)` each, never one into another.
///
/// A descriptor that blocks blocks the writer, as usual; one that does not and is full costs the line after a short
/// wait, and no wait at all until it takes lines again. The process has to ignore SIGPIPE.
final class LogOutput: Sendable {
    private static let fullWaitMilliseconds: Int32 = 50

    private let descriptor: Int32
    private let state = Mutex(State())

    /// What the last line left behind.
    private struct State {
        /// A line was cut; the next one begins with a line feed.
        var isCut = false
        /// The descriptor was full; lines are not waited with.
        var isFull = false
    }

    /// Makes an output on a descriptor that somebody else owns.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes a line that ends with its line feed, and says whether all of it was taken.
    func write(_ line: [UInt8]) -> Bool {
        // The lock is held over the call on purpose: two lines longer than a pipe's atomic size would mix otherwise.
        state.withLock { state in
            let line = state.isCut ? [UInt8(ascii: "\n")] + line : line
            let written = write(line, &state)
            if written > 0 { state.isCut = written < line.count }
            return written == line.count
        }
    }

    private func write(_ line: [UInt8], _ state: inout State) -> Int {
        var offset = 0
        while offset < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count > 0 {
                offset += count
                state.isFull = false
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN, !state.isFull {
                state.isFull = true
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, Self.fullWaitMilliseconds)
            } else {
                return offset
            }
        }
        return offset
    }
}
