import Synchronization

/// Lets one log line of a kind through in a while and counts the others.
final class LogGate: Sendable {
    private struct State {
        var nextAllowed: ContinuousClock.Instant?
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let interval: Duration

    init(interval: Duration = .seconds(10)) {
        self.interval = interval
    }

    /// The number of occurrences to log now, this one included, or `nil` to stay silent.
    func admit() -> Int? {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.suppressed += 1
            if let next = state.nextAllowed, now < next { return nil }
            state.nextAllowed = now + interval
            defer { state.suppressed = 0 }
            return state.suppressed
        }
    }
}
