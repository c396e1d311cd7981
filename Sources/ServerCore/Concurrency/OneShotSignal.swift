import Synchronization

/// A signal that one task waits for, given at most once in effect.
package final class OneShotSignal: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Void, Never>)
        case signalled
    }

    private let state = Mutex(State.idle)

    /// Makes a signal that was not given.
    package init() {}

    /// Ends the waiting, now or when it begins; later signals do nothing.
    package func signal() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .signalled }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        continuation?.resume()
    }

    /// Waits for the signal or for the task's cancellation.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if case .signalled = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
