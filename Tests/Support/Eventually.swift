/// Waits for conditions of other processes, which have no event to wait for.
package enum Eventually {
    /// Why a test cannot go on.
    package struct TimedOut: Error, CustomStringConvertible {
        package let description: String
    }

    /// Asks `condition` every few milliseconds and returns once it holds.
    package static func holds(
        _ what: String,
        within limit: Duration,
        _ condition: () async -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while await !condition() {
            guard clock.now < deadline else { throw TimedOut(description: "within \(limit): \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
