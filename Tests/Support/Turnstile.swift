import Synchronization

/// Lets a limited number of pieces of work run at a time, in the order of their arrival.
///
/// The end-to-end tests share two cores with everything else: they take turns instead of starting all at once.
package final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var waiters: [(seats: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>
    private let seats: Int

    /// Makes a turnstile with `seats` seats.
    package init(seats: Int) {
        self.seats = seats
        self.state = Mutex(State(free: seats))
    }

    /// Runs `work` once `seats` seats are free; no number of seats means all of them.
    package func run<Value: Sendable>(
        seats wanted: Int? = nil,
        _ work: () async throws -> Value
    ) async rethrows -> Value {
        let wanted = min(wanted ?? seats, seats)
        await enter(wanted)
        defer { leave(wanted) }
        return try await work()
    }

    private func enter(_ wanted: Int) async {
        await withCheckedContinuation { continuation in
            let enters = state.withLock { state in
                if state.waiters.isEmpty, state.free >= wanted {
                    state.free -= wanted
                    return true
                }
                state.waiters.append((wanted, continuation))
                return false
            }
            if enters {
                continuation.resume()
            }
        }
    }

    private func leave(_ seats: Int) {
        let next = state.withLock { state in
            state.free += seats
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiters.first, state.free >= first.seats {
                state.free -= first.seats
                next.append(first.continuation)
                state.waiters.removeFirst()
            }
            return next
        }
        for continuation in next {
            continuation.resume()
        }
    }
}
