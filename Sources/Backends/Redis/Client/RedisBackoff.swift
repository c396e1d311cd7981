/// Grows the pause between tries, with full jitter so that nodes that lost one server do not come back as one.
struct RedisBackoff: Sendable {
    var initial = Duration.milliseconds(20)
    var longest = Duration.seconds(2)

    /// Draws the pause after so many failures in a row.
    func pause(afterFailures failures: Int) -> Duration {
        let bound = min(initial * (1 << min(max(failures - 1, 0), 20)), longest)
        return bound * Double.random(in: 0.5...1)
    }
}
