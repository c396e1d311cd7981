package import NIOCore

extension Duration {
    /// The same length for NIO, to the nanosecond and within its range of 292 years.
    package var timeAmount: TimeAmount {
        let (seconds, attoseconds) = components
        let limit = Int64.max / 1_000_000_000 - 1
        return .nanoseconds(min(max(seconds, -limit), limit) * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
