import Testing

@testable import AWSBackend

@Suite("Retries")
struct RetryPlanTests {
    private func next(
        _ plan: inout RetryPlan,
        _ kind: AWSError.Kind,
        recovery: RetryPlan.Recovery = RetryPlan.Recovery(),
        jitter: Double = 0.5,
        quota: RetryQuota = RetryQuota()
    ) -> RetryPlan.Decision {
        plan.next(after: AWSError(kind, "x"), recovery: recovery, jitter: jitter, quota: quota)
    }

    @Test("a failure of the service is tried three times with growing pauses")
    func standard() {
        var plan = RetryPlan(maxAttempts: 3)
        #expect(next(&plan, .unavailable) == .again(after: .milliseconds(50)))
        #expect(next(&plan, .unavailable) == .again(after: .milliseconds(100)))
        #expect(next(&plan, .unavailable) == .stop)
    }

    @Test("throttling waits longer, and never shorter than asked or longer than 20 seconds")
    func throttled() {
        var plan = RetryPlan(maxAttempts: 100)
        #expect(next(&plan, .throttled) == .again(after: .milliseconds(250)))
        #expect(next(&plan, .throttled, recovery: .init(retryAfter: .seconds(3))) == .again(after: .seconds(3)))
        #expect(next(&plan, .throttled, recovery: .init(retryAfter: .seconds(90))) == .again(after: .seconds(20)))
        for _ in 0..<20 { _ = next(&plan, .throttled) }
        #expect(next(&plan, .throttled, jitter: 1) == .again(after: .seconds(20)))
    }

    @Test(
        "what cannot succeed is not sent again",
        arguments: [AWSError.Kind.denied, .refused, .malformed, .cancelled, .closed, .credentials]
    )
    func final(kind: AWSError.Kind) {
        var plan = RetryPlan(maxAttempts: 3)
        #expect(next(&plan, kind) == .stop)
    }

    @Test("a corrected clock and another key are each worth one attempt at once")
    func recovery() {
        var plan = RetryPlan(maxAttempts: 1)
        var corrected = RetryPlan.Recovery()
        corrected.correctedClock = true
        var changed = RetryPlan.Recovery()
        changed.changedKey = true
        #expect(next(&plan, .denied, recovery: corrected) == .again(after: .zero))
        #expect(next(&plan, .denied, recovery: changed) == .again(after: .zero))
        #expect(next(&plan, .denied, recovery: corrected) == .stop)
        #expect(next(&plan, .denied, recovery: changed) == .stop)
    }

    @Test("the quota stops retries when too many calls fail, and successes fill it again")
    func quota() {
        let quota = RetryQuota(capacity: 20)
        var decisions: [RetryPlan.Decision] = []
        for _ in 0..<3 {
            var plan = RetryPlan(maxAttempts: 3)
            decisions.append(next(&plan, .transport, quota: quota))
        }
        #expect(decisions.map { $0 == .stop } == [false, false, true])
        quota.giveBack(10)
        quota.giveBack(0)
        #expect(quota.remaining == 11)
        for _ in 0..<100 { quota.giveBack(5) }
        #expect(quota.remaining == 20)
    }
}
