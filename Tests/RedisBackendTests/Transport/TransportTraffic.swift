import CoreMetrics
import Logging
import NIOCore
import ServerCore
import Synchronization
import TestSupport
import Testing

@testable import RedisBackend

/// Two nodes of which one publishes all the while on topics that the other listens to, while something happens to Redis.
struct TransportTraffic {
    let publisher: TransportNode
    let subscriber: TransportNode
    let topics: [ClusterTopic]
    private let log = Recorder<Publication>()

    /// An event and when it was published.
    private struct Publication: Sendable {
        var topic: ClusterTopic
        var sequence: UInt64
        var time: ContinuousClock.Instant
    }

    /// Starts two nodes, gives them traffic before, during and after `fault`, and checks what came.
    ///
    /// Nothing may be lost outside of the time from the fault's beginning to its end, and what `fault` returns says
    /// whether anything may be lost at all.
    static func run(
        _ configuration: RedisConfiguration,
        topics count: Int = 12,
        _ change: (inout RedisTransportOptions) -> Void = { _ in },
        fault: (TransportTraffic) async throws -> Losses
    ) async throws {
        var options = RedisTransportOptions()
        options.prefix = "\(TestRedis.prefix()):"
        change(&options)
        let chosen = options
        try await TransportNode.run(2, make: { try await transport(configuration, chosen) }) { nodes in
            let traffic = TransportTraffic(
                publisher: nodes[0],
                subscriber: nodes[1],
                topics: (0..<count).map { ClusterTopic(.channel, appID: "shop", name: "topic-\($0)") }
            )
            try await traffic.run(fault)
        }
    }

    /// Whether events may be lost while a fault lasts.
    enum Losses {
        case none
        case during(ClosedRange<ContinuousClock.Instant>)
    }

    /// A transport with connections of its own.
    static func transport(
        _ configuration: RedisConfiguration,
        _ options: RedisTransportOptions
    ) async throws -> RedisClusterTransport {
        try await RedisBackend().clusterTransport(
            configuration,
            options: options,
            observing: RedisTransportObservation(
                driver: "test",
                metrics: NOOPMetricsHandler.instance,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
    }

    private func run(_ fault: (TransportTraffic) async throws -> Losses) async throws {
        for topic in topics { subscriber.transport.subscribe(topic) }
        await subscriber.witness.wait(forService: topics)
        let losses = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publishUntilCancelled() }
            try await waitForTraffic(10)
            let losses = try await fault(self)
            await subscriber.witness.wait(forService: topics)
            try await waitForTraffic(10)
            group.cancelAll()
            return losses
        }
        // The last event of each topic shows that all have come that will.
        for topic in topics { publish(topic) }
        let last = Dictionary(uniqueKeysWithValues: topics.map { ($0, publisher.published(on: $0)) })
        await subscriber.witness.wait { account in
            last.allSatisfy { account.latest[$0.key]?[publisher.publisher] == $0.value }
        }
        check(losses)
    }

    /// Waits until so many more events have come on each topic.
    func waitForTraffic(_ count: Int) async throws {
        let before = subscriber.witness.account.latest
        try await Eventually.holds("events arrive on every topic", within: .seconds(60)) {
            let now = subscriber.witness.account.latest
            let name = publisher.publisher
            return topics.allSatisfy { now[$0]?[name] ?? 0 >= (before[$0]?[name] ?? 0) + UInt64(count) }
        }
    }

    private func publish(_ topic: ClusterTopic) {
        let time = ContinuousClock.now
        let isRetained = topic == topics[0] || topic == topics[1]
        let event = publisher.publish(on: topic, retaining: isRetained && Bool.random() ? .seconds(60) : nil)
        log.record(Publication(topic: topic, sequence: event.sequence, time: time))
    }

    private func publishUntilCancelled() async throws {
        while !Task.isCancelled {
            for topic in topics { publish(topic) }
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                return
            }
        }
    }

    private func check(_ losses: Losses) {
        let account = subscriber.witness.account
        for topic in topics {
            var seen: Set<UInt64> = []
            var greatest: UInt64 = 0
            for bytes in account.messages[topic] ?? [] {
                guard let sequence = Self.sequence(of: bytes) else {
                    Issue.record("something else came on \(topic)")
                    continue
                }
                guard seen.insert(sequence).inserted else { continue }
                #expect(sequence > greatest, "\(topic): \(sequence) came first after \(greatest)")
                greatest = max(greatest, sequence)
            }
            for publication in log.elements where publication.topic == topic && !seen.contains(publication.sequence) {
                switch losses {
                case .none:
                    Issue.record("\(topic): \(publication.sequence) was lost")
                case .during(let window):
                    #expect(window.contains(publication.time), "\(topic): \(publication.sequence) was lost")
                }
            }
        }
    }

    private static func sequence(of bytes: ByteBuffer) -> UInt64? {
        switch ClusterMessage(bytes) {
        case .event(let event), .retained(let event, _): event.sequence
        default: nil
        }
    }
}
