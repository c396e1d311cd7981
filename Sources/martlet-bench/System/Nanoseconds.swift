import Glibc

/// Reads clocks as nanoseconds.
enum Nanoseconds {
    /// The monotonic clock, the same in all processes of a machine.
    @inline(__always)
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// The CPU time of this process.
    static func ownCPU() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// The calendar's seconds, for signatures.
    static func calendarSeconds() -> Int { time(nil) }
}
