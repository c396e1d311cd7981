#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One `sendmsg(2)` for several ranges of memory.
enum VectoredSend {
    /// The ranges in one call; Linux takes 1,024, and more than this is rare.
    private static let maxRanges = 64

    /// Sends ranges of a buffer in order and returns those that the socket did not take.
    ///
    /// Any error leaves the rest to the caller, whose channel meets the same error and reports it.
    static func send(_ descriptor: Int32, ranges: [Range<Int>], of bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var rest = ranges[...]
        while !rest.isEmpty {
            let batch = rest.prefix(maxRanges)
            let due = batch.reduce(0) { $0 + $1.count }
            let sent = sendBatch(descriptor, ranges: batch, of: bytes)
            guard sent == due else { return unsent(rest, after: max(sent, 0)) }
            rest = rest.dropFirst(batch.count)
        }
        return []
    }

    private static func sendBatch(
        _ descriptor: Int32,
        ranges: ArraySlice<Range<Int>>,
        of bytes: UnsafeRawBufferPointer
    ) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: ranges.count) { vectors in
            for (index, range) in ranges.enumerated() {
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress.unsafelyUnwrapped + range.lowerBound)
                vectors.initializeElement(at: index, to: iovec(iov_base: start, iov_len: range.count))
            }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = numericCast(ranges.count)
            while true {
                let sent = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                if sent >= 0 || errno != EINTR { return sent }
            }
        }
    }

    private static func unsent(_ ranges: ArraySlice<Range<Int>>, after sent: Int) -> [Range<Int>] {
        var skipped = sent
        var rest: [Range<Int>] = []
        for range in ranges {
            let taken = min(skipped, range.count)
            skipped -= taken
            if taken < range.count {
                rest.append(range.lowerBound + taken..<range.upperBound)
            }
        }
        return rest
    }
}
