/// Counts the messages of one connection in windows of whole seconds.
///
/// A window starts with the first message after the last one ended, so that a limit of ten a second allows ten at once.
struct MessageCounter {
    private var windowEnd: UInt32 = 0
    private var count: UInt32 = 0

    /// Counts one message and says whether it is within the limit; times are seconds of the loop's clock.
    mutating func admits(limit: Int, windowSeconds: Int, now: UInt32) -> Bool {
        if now >= windowEnd {
            windowEnd = now &+ UInt32(clamping: max(1, windowSeconds))
            count = 0
        }
        guard Int(count) < limit else { return false }
        count += 1
        return true
    }
}
