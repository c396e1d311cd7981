import ServerCore
import TestSupport
import Testing

@testable import MemoryBackend

@Suite("The sliding window")
struct SlidingWindowTests {
    @Test("a burst over the edge of two windows is not allowed twice the limit")
    func edge() {
        let limit = RateLimit(maxRequests: 10, windowSeconds: 10)
        var window = SlidingWindow(limit, at: 0)
        for _ in 0..<10 { #expect(window.consume(limit, at: 9_900).isAllowed) }
        #expect(!window.consume(limit, at: 10_000).isAllowed)
        #expect(!window.consume(limit, at: 10_999).isAllowed)
        #expect(window.consume(limit, at: 11_000).isAllowed)
    }

    @Test("a refused request does not extend the wait")
    func refusal() {
        let limit = RateLimit(maxRequests: 1, windowSeconds: 2)
        var window = SlidingWindow(limit, at: 0)
        #expect(window.consume(limit, at: 0).isAllowed)
        for time in stride(from: 0, to: 4_000, by: 100) { #expect(!window.consume(limit, at: time).isAllowed) }
        #expect(window.consume(limit, at: 4_000).isAllowed)
    }

    @Test("limits as large as numbers get do not overflow")
    func extremes() {
        for requests in [Int.max, 1, 0, -5] {
            for seconds in [Int.max, 1, 0, -5] {
                let limit = RateLimit(maxRequests: requests, windowSeconds: seconds)
                var window = SlidingWindow(limit, at: 0)
                for time in [0, 1, 1_000, 1 << 40, 1 << 50] { _ = window.consume(limit, at: time) }
            }
        }
    }

    @Test(
        "random requests stay within the limit of each fixed window, and waiting as told is enough",
        arguments: 0..<30
    )
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var limit = RateLimit(
            maxRequests: Int.random(in: 1...20, using: &random),
            windowSeconds: Int.random(in: 1...8, using: &random)
        )
        var window = SlidingWindow(limit, at: 0)
        var allowed: [Int] = []
        var time = 0
        for _ in 0..<3_000 {
            time += Int.random(in: 0...(limit.windowSeconds * 1_500 / limit.maxRequests), using: &random)
            let decision = window.consume(limit, at: time)
            if decision.isAllowed {
                allowed.append(time)
                #expect((0..<limit.maxRequests).contains(decision.remaining))
            } else {
                #expect(decision.remaining == 0)
                var patient = window
                #expect(patient.consume(limit, at: time + decision.resetSeconds * 1_000).isAllowed)
            }
            #expect((1...(2 * limit.windowSeconds)).contains(decision.resetSeconds))
            let recent = allowed.suffix(3 * limit.maxRequests).filter { $0 > time - limit.windowSeconds * 1_000 }
            #expect(recent.count <= 2 * limit.maxRequests - 1 || limit.maxRequests == 1)
            if Int.random(in: 0..<500, using: &random) == 0 {
                limit.maxRequests = Int.random(in: 1...20, using: &random)
                window = SlidingWindow(limit, at: time)
                allowed = []
            }
        }
    }
}
