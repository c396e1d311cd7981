import Synchronization

/// Estimates the age of the oldest job that waits, from the jobs that are received.
///
/// Queues do not tell it (SQS only to CloudWatch): it is the age of the oldest job received since the last question,
/// and while jobs wait and none is received, that age grows with time.
final class OldestJob: Sendable {
    private struct State {
        /// When the oldest job's oldest event happened, in milliseconds since 1970.
        var event: Int64?
        var receivedSinceQuestion = false
    }

    private let state = Mutex(State())

    /// Notes that a job was received, with its age in milliseconds.
    func received(age: Int64, at now: Int64) {
        state.withLock { state in
            let event = now - age
            state.event = state.receivedSinceQuestion ? min(state.event ?? event, event) : event
            state.receivedSinceQuestion = true
        }
    }

    /// The estimate in milliseconds when so many jobs wait.
    func age(whileWaiting count: Int, at now: Int64) -> Int64 {
        state.withLock { state in
            defer { state.receivedSinceQuestion = false }
            guard count > 0 || state.receivedSinceQuestion else {
                state.event = nil
                return 0
            }
            // Jobs wait and none came yet since the start: they are at least as old as this question.
            let event = state.event ?? now
            state.event = event
            return max(0, now - event)
        }
    }
}
