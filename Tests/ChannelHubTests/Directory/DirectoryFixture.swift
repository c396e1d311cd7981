import CoreMetrics
import NIOCore
import NIOEmbedded
import PrometheusMetrics
import PusherProtocol
import ServerCore
import Synchronization
import TestSupport

@testable import ChannelHub

/// Keeps webhook events in the order in which they were emitted.
final class RecordingSink: WebhookSink {
    private let recorder = Recorder<WebhookEvent>()

    func emit(_ event: WebhookEvent) {
        recorder.record(event)
    }

    func emit(_ event: WebhookEvent, whenQueued: @escaping @Sendable () -> Void) -> Bool {
        recorder.record(event)
        unqueued.withLock { $0.append(whenQueued) }
        return true
    }

    /// Puts what was emitted into its queue.
    func enqueue() {
        let taken = unqueued.withLock { unqueued in
            defer { unqueued = [] }
            return unqueued
        }
        for whenQueued in taken { whenQueued() }
    }

    private let unqueued = Mutex<[@Sendable () -> Void]>([])

    var events: [WebhookEvent] { recorder.elements }

    /// The events as short texts: `channel occupied`, `channel +user`.
    var texts: [String] { events.map(Self.text) }

    private static func text(_ event: WebhookEvent) -> String {
        switch event.content {
        case .channelOccupied: "\(event.channel) occupied"
        case .channelVacated: "\(event.channel) vacated"
        case .memberAdded(let userID): "\(event.channel) +\(userID)"
        case .memberRemoved(let userID): "\(event.channel) -\(userID)"
        case .clientEvent(let name, _, _, _): "\(event.channel) \(name)"
        case .cacheMiss: "\(event.channel) miss"
        case .subscriptionCount(let count): "\(event.channel) =\(count)"
        }
    }
}

extension App {
    /// An app that wants every webhook.
    static func testing(
        _ id: String = "1",
        webhooks: WebhookEventTypes? = WebhookEventTypes(rawValue: .max),
        sendsCounts: Bool = false
    ) -> App {
        var features = AppFeatures()
        features.sendsSubscriptionCount = sendsCounts
        var app = App(id: id, key: "key-\(id)", secret: "secret", features: features)
        if let webhooks {
            app.webhooks = [Webhook(url: "http://127.0.0.1/", eventTypes: webhooks)]
        }
        return app
    }
}

/// A directory without loops, whose time is what the test says.
struct DirectoryFixture {
    let sink = RecordingSink()
    let registry = PrometheusRegistry()
    let apps: ActiveApps
    let app: ActiveApp
    let directory: ChannelDirectory
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    init(_ app: App = .testing(), configuration: HubConfiguration = HubConfiguration()) {
        apps = ActiveApps(metricsFactory: registry, port: 6001)
        self.app = apps.activate(app)
        directory = ChannelDirectory(
            inboxes: (0..<4).map { _ in LoopInbox(eventLoop: EmbeddedEventLoop()) },
            apps: apps,
            configuration: configuration,
            sink: sink
        )
    }

    func key(_ name: String) -> ChannelKey { ChannelKey(app: app.number, name: name) }

    private func deadline(_ seconds: Double) -> NIODeadline {
        start + .milliseconds(Int64(seconds * 1000))
    }

    @discardableResult
    func join(_ name: String, user: String? = nil, loop: Int = 0, at seconds: Double = 0) throws -> JoinOutcome {
        try directory.join(
            ChannelJoin(
                key: key(name),
                kind: ChannelKind(name: name),
                app: app,
                policies: app.current,
                loop: loop,
                member: user.map { PresenceMember(userID: $0, userInfo: nil) }
            ),
            now: deadline(seconds)
        )
    }

    func leave(_ name: String, user: String? = nil, isBroken: Bool, isLast: Bool = true, at seconds: Double = 0) {
        directory.leave(
            ChannelLeave(
                key: key(name),
                kind: ChannelKind(name: name),
                app: app,
                policies: app.current,
                loop: 0,
                isLastOnLoop: isLast,
                userID: user,
                isBroken: isBroken
            ),
            now: deadline(seconds)
        )
    }

    @discardableResult
    func publish(_ name: String, _ data: String, isCacheable: Bool = true, at seconds: Double = 0) -> ChannelCounts {
        directory.publish(
            ChannelPublication(
                kind: ChannelKind(name: name),
                frame: ByteBuffer(string: data),
                cacheable: isCacheable ? Array(data.utf8) : nil
            ),
            key: key(name),
            now: deadline(seconds)
        )
    }

    func cached(_ name: String, at seconds: Double = 0) -> String? {
        directory.cachedEvent(of: key(name), now: deadline(seconds)).map {
            String(decoding: $0.escapedData, as: UTF8.self)
        }
    }

    func sweep(at seconds: Double) {
        directory.sweep(now: deadline(seconds))
    }

    /// The value of a gauge, summed over its series.
    static func gauge(_ name: String, in registry: PrometheusRegistry) -> Double {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("martlet_\(name){") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}
