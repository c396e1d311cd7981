import Synchronization

/// The end of a program, which many may await.
final class ExitState: Sendable {
    /// What is known of the end, and who waits for it.
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let state = Mutex(State())

    /// The exit status, or `nil` while the program runs.
    var status: Int32? {
        state.withLock { $0.status }
    }

    /// Records the end and tells everyone who waits.
    func finish(_ status: Int32) {
        let waiters = state.withLock { state in
            state.status = status
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.resume(returning: status)
        }
    }

    /// Waits for the end.
    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state -> Int32? in
                if state.status == nil {
                    state.waiters.append(continuation)
                }
                return state.status
            }
            if let status {
                continuation.resume(returning: status)
            }
        }
    }
}
