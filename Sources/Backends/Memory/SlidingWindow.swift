import ServerCore

/// The requests of one key, counted in two adjoining windows.
///
/// The sliding window is approximated in constant space: the requests of the window before count in proportion to how
/// much of it the sliding window still covers, as if they had come evenly. Within one of the fixed windows there are
/// never more than the limit, and a burst at the end of one followed by one in the middle of the next is refused where
/// plain fixed windows would allow twice the limit. Whole numbers only: waiting as long as it says is always enough.
struct SlidingWindow: Sendable, Equatable {
    /// When the current window began.
    private var start: Int
    private var length: Int
    private var previous = 0
    private var current = 0

    /// Larger limits are taken for these, so that no product overflows.
    private static let maxRequests = 1_000_000_000
    private static let maxWindowSeconds = 1_000_000

    /// Begins to count at a time in milliseconds.
    init(_ limit: RateLimit, at milliseconds: Int) {
        start = milliseconds
        length = Self.length(of: limit)
    }

    /// Counts a request if the limit allows it; the times passed in never decrease.
    mutating func consume(_ limit: RateLimit, at milliseconds: Int) -> RateDecision {
        advance(to: milliseconds, length: Self.length(of: limit))
        let most = min(max(limit.maxRequests, 1), Self.maxRequests)
        let elapsed = milliseconds - start
        // In request-milliseconds: a request counts `length`.
        let used = previous * (length - elapsed) + current * length
        let left = most * length - used
        guard left >= length else {
            return decision(limit, remaining: 0, isAllowed: false, wait: wait(most: most, elapsed: elapsed))
        }
        current += 1
        return decision(limit, remaining: left / length - 1, isAllowed: true, wait: length - elapsed)
    }

    /// Says whether nothing of what was counted matters any more.
    func isOver(at milliseconds: Int) -> Bool {
        milliseconds - start >= 2 * length
    }

    private static func length(of limit: RateLimit) -> Int {
        min(max(limit.windowSeconds, 1), maxWindowSeconds) * 1_000
    }

    private mutating func advance(to milliseconds: Int, length newLength: Int) {
        let elapsed = milliseconds - start
        if newLength != length || elapsed >= 2 * length {
            start = milliseconds
            length = newLength
            previous = 0
            current = 0
        } else if elapsed >= length {
            start += length
            previous = current
            current = 0
        }
    }

    /// The milliseconds until one more request fits.
    private func wait(most: Int, elapsed: Int) -> Int {
        if current < most {
            // The window before fades until what it weighs fits beside the current requests and one more.
            return length - (most - current - 1) * length / max(previous, 1) - elapsed
        }
        // The next window begins with the current one as the window before it.
        return length - elapsed + length - (most - 1) * length / current
    }

    private func decision(_ limit: RateLimit, remaining: Int, isAllowed: Bool, wait: Int) -> RateDecision {
        RateDecision(
            isAllowed: isAllowed,
            limit: limit.maxRequests,
            remaining: remaining,
            resetSeconds: max((wait + 999) / 1_000, 1)
        )
    }
}
