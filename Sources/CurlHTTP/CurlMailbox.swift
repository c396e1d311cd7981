import CCurl
import Synchronization

/// What other threads leave for the loop thread, and the way to wake it.
///
/// Threading: any thread. The lock is held while waking, which does not block, so that the multi handle cannot go
/// away underneath; the loop withdraws the handle before it frees it.
@safe final class CurlMailbox: @unchecked Sendable {
    // Proof for @unchecked: `multi` is read and written under the lock of `state` only.
    private var multi: UnsafeMutableRawPointer?
    private let state: Mutex<State>
    private let maxOutstanding: Int

    private struct State {
        var submissions: [Submission] = []
        var cancellations: [UInt64] = []
        var outstanding = 0
        var lastID: UInt64 = 0
        var isClosing = false
        var isStopped = false
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// What the loop has to do.
    struct Delivery {
        var submissions: [Submission]
        var cancellations: [UInt64]
        var isClosing: Bool
    }

    init(multi: UnsafeMutableRawPointer, maxOutstanding: Int) {
        unsafe self.multi = multi
        self.maxOutstanding = maxOutstanding
        state = Mutex(State())
    }

    /// Requests that were taken and are not finished.
    var outstanding: Int {
        state.withLock { $0.outstanding }
    }

    /// Makes an id for the next submission.
    func nextID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Takes a submission, or says why not.
    func submit(_ submission: Submission) -> HTTPTransportError? {
        state.withLock { state in
            guard !state.isClosing else {
                return HTTPTransportError(.closed, "the HTTP client was shut down")
            }
            guard state.outstanding < maxOutstanding else {
                return HTTPTransportError(.queueFull, "\(maxOutstanding) requests are outstanding")
            }
            state.outstanding += 1
            state.submissions.append(submission)
            wake()
            return nil
        }
    }

    /// Asks for the end of a request; one that is not there (any more) is ignored.
    func cancel(_ id: UInt64) {
        state.withLock { state in
            guard !state.isClosing else { return }
            state.cancellations.append(id)
            wake()
        }
    }

    /// Asks the loop to end everything.
    func close() {
        state.withLock { state in
            guard !state.isClosing else { return }
            state.isClosing = true
            wake()
        }
    }

    /// Counts a request as finished; call before its result is handed over.
    func finished() {
        state.withLock { $0.outstanding -= 1 }
    }

    /// Takes everything that arrived since the last call.
    func take() -> Delivery {
        state.withLock { state in
            let delivery = Delivery(
                submissions: state.submissions,
                cancellations: state.cancellations,
                isClosing: state.isClosing
            )
            state.submissions.removeAll(keepingCapacity: true)
            state.cancellations.removeAll(keepingCapacity: true)
            return delivery
        }
    }

    /// Forbids further wake-ups: the loop is about to free its multi handle.
    func withdrawMulti() {
        state.withLock { _ in unsafe multi = nil }
    }

    /// Releases those who wait for the end of the loop, as its last act.
    func markStopped() {
        let waiters = state.withLock { state in
            state.isStopped = true
            let waiters = state.stopWaiters
            state.stopWaiters = []
            return waiters
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    /// Waits for the end of the loop.
    func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.stopWaiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    private func wake() {
        if let multi = unsafe multi {
            // It can only fail for want of the handle or of buffer space, and then a wake-up is pending already.
            _ = unsafe curl_multi_wakeup(multi)
        }
    }
}
