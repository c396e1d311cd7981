import ServerCore
import TestSupport
import Testing

@testable import Webhooks

@Suite("Webhook settings, retries and turns")
struct WebhookPolicyTests {
    @Test("the defaults are valid and are those of the documentation")
    func defaults() {
        let configuration = WebhookConfiguration()
        #expect(configuration.validate().isEmpty)
        #expect(configuration.batching == .init(isEnabled: true, duration: .milliseconds(50), size: 100))
        #expect(configuration.retry.isEnabled)
        #expect(configuration.retry.maxAttempts == nil)
        #expect(configuration.retry.maxElapsed == .milliseconds(300_000))
        #expect(configuration.retry.initialBackoff == .milliseconds(1000))
        #expect(configuration.retry.maxBackoff == .milliseconds(60_000))
        #expect(configuration.requestTimeout == .milliseconds(10_000))
    }

    @Test("a value that cannot work names its key")
    func invalid() {
        var configuration = WebhookConfiguration()
        configuration.batching.size = 0
        #expect(configuration.validate().map(\.key) == ["webhooks.batching.size"])
        configuration = WebhookConfiguration()
        configuration.retry.maxBackoff = .milliseconds(1)
        #expect(configuration.validate().map(\.key) == ["webhooks.retry.max_backoff_ms"])
    }

    @Test("pauses double up to their maximum and end with the time")
    func pauses() {
        let policy = RetryPolicy(WebhookConfiguration.Retry())
        let pauses = (1...8).map { policy.pause(afterAttempt: $0, elapsed: .zero, jitter: 1) }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        #expect(policy.pause(afterAttempt: 1_000, elapsed: .seconds(290), jitter: 1) == .seconds(10))
        #expect(policy.pause(afterAttempt: 3, elapsed: .zero, jitter: 0) == .zero)
        #expect(policy.pause(afterAttempt: 3, elapsed: .seconds(300), jitter: 0.5) == nil)
    }

    private func work(_ app: String, _ number: Int) -> DeliveryWork {
        let destination = WebhookDestination(appID: app, url: "http://a.test/", occurrence: 0)
        return DeliveryWork(
            lease: LeasedJob(id: "\(number)", payload: [], attempt: 1, receipt: ""),
            job: WebhookJob(destination: destination, timeMilliseconds: 0, events: []),
            receivedMilliseconds: 0
        )
    }

    @Test("destinations that failed share half of the places")
    func suspects() {
        var schedule = DeliverySchedule(maxDeliveries: 4, maxPerDestination: 1)
        func offer(_ work: DeliveryWork) {
            let isTaken = schedule.offer(work)
            #expect(isTaken)
        }
        for index in 0..<10 {
            offer(work("dead-\(index)", index))
            guard let taken = schedule.next() else { continue }
            schedule.finish(taken, isHealthy: false)
        }
        for index in 0..<10 { offer(work("dead-\(index)", 10 + index)) }
        for index in 0..<10 { offer(work("alive-\(index)", 20 + index)) }
        var taken: [DeliveryWork] = []
        while let next = schedule.next() { taken.append(next) }
        #expect(taken.count == 4)
        #expect(taken.filter { $0.job.destination.appID.hasPrefix("dead") }.count == 2)
        for done in taken { schedule.finish(done, isHealthy: true) }
        while let next = schedule.next() { schedule.finish(next, isHealthy: true) }
        #expect(schedule.isEmpty)
    }

    @Test("a destination with too many jobs here is refused more")
    func backlog() {
        var schedule = DeliverySchedule(maxDeliveries: 4, maxPerDestination: 1)
        let taken = (0..<300).filter { schedule.offer(work("1", $0)) }
        #expect(taken.count == 256)
        let isOtherTaken = schedule.offer(work("2", 300))
        #expect(isOtherTaken)
    }
}
