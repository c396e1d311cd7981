import Glibc

/// The time of day, which other machines share; a parameter so that tests decide it.
package struct WallClock: Sendable {
    /// Milliseconds since 1970 in UTC.
    package var now: @Sendable () -> Int64

    /// Makes a clock from a closure.
    package init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    /// The system's clock.
    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
