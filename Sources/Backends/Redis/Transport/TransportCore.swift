import Logging
import NIOCore
import ServerCore

/// The transport's work on its loop.
///
/// Threading: its loop.
final class TransportCore {
    private let environment: TransportEnvironment
    private let backlog: TransportBacklog
    private var subscriptions: SubscriptionTable?
    private var publisher: Publisher?
    private let routes: TransportRoutes
    private var refresher: LoopTimer?

    init(_ environment: TransportEnvironment, backlog: TransportBacklog) {
        self.environment = environment
        self.backlog = backlog
        routes = TransportRoutes(environment.shape, on: environment.loop, logger: environment.logger)
    }

    /// Connects and begins to work off what has come.
    func start(_ receiver: any ClusterReceiver) {
        let subscriptions = SubscriptionTable(
            .init(
                loop: environment.loop,
                routes: routes,
                options: environment.options,
                meters: environment.meters,
                logger: environment.logger,
                makeLink: environment.makeLink
            ),
            receiver: receiver
        )
        let publisher = Publisher(
            .init(
                loop: environment.loop,
                routes: routes,
                options: environment.options,
                commandTimeout: environment.commandTimeout,
                meters: environment.meters,
                logger: environment.logger,
                backlog: backlog,
                makeLink: environment.makeLink,
                disturbed: { Self.disturb(receiver, $0) }
            )
        )
        self.subscriptions = subscriptions
        self.publisher = publisher
        routes.slotsMoved = { slots in
            publisher.slotsMoved(slots)
            Self.disturb(receiver, slots)
        }
        routes.refreshed = {
            subscriptions.rehome()
            publisher.updateLinks()
        }
        publisher.updateLinks()
        routes.refresh()
        if routes.isCluster {
            refresher = LoopTimer(every: environment.options.refreshInterval, on: environment.loop) {
                self.routes.refresh()
            }
        }
        work()
    }

    /// Does what callers asked for since the last time.
    func work() {
        guard let subscriptions, let publisher else { return }
        for task in backlog.take() {
            switch task {
            case .subscribe(let topic): subscriptions.subscribe(topic)
            case .unsubscribe(let topic): subscriptions.unsubscribe(topic)
            case .publish(let publication, let deadline): publish(publication, deadline, by: publisher)
            }
        }
    }

    /// Ends all connections.
    func stop() {
        refresher?.cancel()
        routes.slotsMoved = nil
        routes.refreshed = nil
        subscriptions?.close()
        publisher?.close()
        subscriptions = nil
        publisher = nil
        let lost = backlog.end()
        if lost > 0 { environment.meters.dropped(lost) }
    }

    private func publish(_ publication: ClusterPublication, _ deadline: NIODeadline, by publisher: Publisher) {
        let name = TopicName(publication.topic, prefix: environment.options.prefix)
        publisher.publish(
            TransportEntry(
                tag: name.tag,
                name: name.bytes,
                message: publication.message,
                retention: publication.retention,
                deadline: deadline,
                cost: TransportBacklog.cost(of: publication)
            ),
            slot: name.slot
        )
    }

    private static func disturb(_ receiver: any ClusterReceiver, _ slots: Set<Int>?) {
        receiver.disturbed { topic in
            guard let slots else { return true }
            return slots.contains(HashSlot.of(tag: topic.tag.utf8))
        }
    }
}

/// What a transport is made of.
struct TransportEnvironment: Sendable {
    var loop: any EventLoop
    var shape: TransportRoutes.Shape
    var options: RedisTransportOptions
    var commandTimeout: Duration
    var meters: TransportMeters
    var logger: Logger
    var dial: @Sendable (TransportPlace) async throws -> RedisConnection

    /// Makes a connection to a place, not yet started.
    var makeLink: (TransportPlace) -> TransportLink {
        { TransportLink($0, on: loop, logger: logger, dial: dial) }
    }
}
