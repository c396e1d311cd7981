/// Decides whether a failed command is tried again, and after which pause.
struct RetrySchedule {
    private let patience: Duration
    private let start = ContinuousClock.now
    private let backoff = RedisBackoff(initial: .milliseconds(20), longest: .milliseconds(400))
    private var failures = 0

    init(patience: Duration) {
        self.patience = patience
    }

    /// The pause before the next try, or `nil` when it is time to give up.
    ///
    /// `downSince` is when the outage began, if it was before this command.
    mutating func pause(
        after error: RedisError,
        of command: RedisCommand,
        downSince: ContinuousClock.Instant?
    )
        -> Duration?
    {
        guard Self.mayRepeat(command, after: error), !Task.isCancelled else { return nil }
        failures += 1
        // A connection that ended between two commands says nothing about the server.
        if failures == 1, error.code == .notSent { return .zero }
        let pause = backoff.pause(afterFailures: failures)
        let outage = min(start, downSince ?? start)
        return ContinuousClock.now + pause < outage + patience ? pause : nil
    }

    private static func mayRepeat(_ command: RedisCommand, after error: RedisError) -> Bool {
        if error.isCertainlyUndone { return true }
        return command.isRepeatable && error.code == .connectionLost
    }

    /// Sleeps; throws `.cancelled` when the task is cancelled meanwhile.
    static func sleep(_ pause: Duration) async throws(RedisError) {
        guard pause > .zero else { return }
        do {
            try await Task.sleep(for: pause)
        } catch {
            throw RedisError(.cancelled, "the caller was cancelled", underlying: error)
        }
    }
}
