import Synchronization

/// Collects values from any thread and lets a test wait until there are enough of them.
///
/// Waiting ends early, with what there is, when the task is cancelled: put a time limit on the test.
package final class Recorder<Element: Sendable>: Sendable {
    private struct Waiter {
        var id: UInt64
        var count: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Makes an empty recorder.
    package init() {}

    /// What was recorded so far.
    package var elements: [Element] {
        state.withLock { $0.elements }
    }

    /// Adds one value and wakes those who wait for it.
    package func record(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let count = state.elements.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return ready
        }
        for waiter in ready {
            waiter.continuation.resume()
        }
    }

    /// Waits until at least so many values were recorded and returns all of them.
    @discardableResult
    package func wait(for count: Int) async -> [Element] {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard state.elements.count < count, !Task.isCancelled else { return true }
                    state.waiters.append(Waiter(id: id, count: count, continuation: continuation))
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
        return elements
    }
}
