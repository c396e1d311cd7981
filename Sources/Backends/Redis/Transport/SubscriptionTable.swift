import Logging
import NIOCore
import ServerCore

/// The topics that the node wants, and the connections on which they are asked for.
///
/// Threading: the transport's loop.
final class SubscriptionTable {
    /// What the table needs from the transport.
    struct Environment {
        var loop: any EventLoop
        var routes: TransportRoutes
        var options: RedisTransportOptions
        var meters: TransportMeters
        var logger: Logger
        var makeLink: (TransportPlace) -> TransportLink
    }

    private let environment: Environment
    private let receiver: any ClusterReceiver
    private var wanted: [ByteBuffer: Subscription] = [:]
    private var links: [TransportPlace: SubscriberLink] = [:]
    /// Those that no link has.
    private var homeless: [Subscription] = []
    /// What the receiver is told next.
    private var confirmed: [Subscription] = []
    private var interrupted: [Subscription] = []
    private var isTellingDue = false
    private var retry: Scheduled<Void>?
    private let backoff = RedisBackoff(initial: .milliseconds(50), longest: .milliseconds(250))
    private var failures = 0
    private var isRefusalTold = false

    init(_ environment: Environment, receiver: any ClusterReceiver) {
        self.environment = environment
        self.receiver = receiver
    }

    /// Takes a topic in.
    func subscribe(_ topic: ClusterTopic) {
        let subscription = Subscription(topic, name: TopicName(topic, prefix: environment.options.prefix))
        guard wanted[subscription.name] == nil else { return }
        wanted[subscription.name] = subscription
        environment.meters.subscriptions(wanted.count)
        settle(subscription)
    }

    /// Gives a topic up.
    func unsubscribe(_ topic: ClusterTopic) {
        let name = TopicName(topic, prefix: environment.options.prefix).bytes
        guard let subscription = wanted.removeValue(forKey: name) else { return }
        environment.meters.subscriptions(wanted.count)
        subscription.isActive = false
        subscription.link?.look(at: name)
        subscription.link = nil
    }

    /// Takes note of a changed map: topics go where their slots are now.
    func rehome() {
        for subscription in wanted.values {
            guard let link = subscription.link else { continue }
            guard let place = environment.routes.subscribePlace(subscription.slot), place != link.place else {
                continue
            }
            leave(subscription)
            link.look(at: subscription.name)
            settle(subscription)
        }
        settleHomeless()
        closeUnused()
        tellSoon()
    }

    /// Ends all connections.
    func close() {
        retry?.cancel()
        for link in links.values { link.close() }
        links = [:]
        wanted = [:]
        homeless = []
    }

    /// Finds a connection for a topic.
    private func settle(_ subscription: Subscription) {
        guard let place = environment.routes.subscribePlace(subscription.slot) else {
            homeless.append(subscription)
            return retrySoon()
        }
        let link = links[place] ?? open(place)
        subscription.link = link
        link.look(at: subscription.name)
    }

    private func settleHomeless() {
        let waiting = homeless
        homeless = []
        for subscription in waiting where wanted[subscription.name] === subscription && subscription.link == nil {
            settle(subscription)
        }
    }

    /// Takes a topic from its connection.
    private func leave(_ subscription: Subscription) {
        subscription.link = nil
        subscription.batch = 0
        guard subscription.isActive else { return }
        subscription.isActive = false
        interrupted.append(subscription)
    }

    private func open(_ place: TransportPlace) -> SubscriberLink {
        // The callbacks reach the link by its place, so that it does not own itself.
        let link = SubscriberLink(
            environment.makeLink(place),
            isSharded: environment.routes.isSharded,
            options: environment.options,
            callbacks: .init(
                wanted: { name in
                    guard let subscription = self.wanted[name], subscription.link?.place == place else { return nil }
                    return subscription
                },
                received: { self.received($0, name: $1) },
                dropped: { self.dropped($0) },
                settled: { self.settled($0, failed: $1) },
                refused: { self.refused($0, at: place) },
                pause: { self.tell() },
                isUp: { again in self.isUp(place, again: again) },
                isDown: { self.isDown(place) },
                isFailing: { self.isFailing(place) }
            ),
            loop: environment.loop
        )
        links[place] = link
        link.start()
        return link
    }

    private func closeUnused() {
        guard environment.routes.isCluster else { return }
        let used = Set(wanted.values.compactMap { $0.link?.place })
        let known = Set(environment.routes.publishPlaces)
        for (place, link) in links where !used.contains(place) && !known.contains(place) {
            link.close()
            links[place] = nil
        }
    }

    private func isUp(_ place: TransportPlace, again: Bool) {
        if again { environment.meters.reconnected() }
        guard let link = links[place] else { return }
        for subscription in wanted.values where subscription.link === link { link.look(at: subscription.name) }
    }

    private func isDown(_ place: TransportPlace) {
        guard let link = links[place] else { return }
        let routes = environment.routes
        routes.leave(place)
        for subscription in wanted.values where subscription.link === link {
            leave(subscription)
            subscription.link = link
        }
        tellSoon()
        // Who can be listened to elsewhere is.
        rehome()
        routes.refresh()
    }

    /// A place cannot be reached; its slots may be elsewhere by now.
    private func isFailing(_ place: TransportPlace) {
        environment.routes.leave(place)
        rehome()
        environment.routes.refresh()
    }

    private func received(_ message: ByteBuffer, name: ByteBuffer) {
        guard let subscription = wanted[name], subscription.isActive else { return }
        if !confirmed.isEmpty || !interrupted.isEmpty { tell() }
        environment.meters.received()
        receiver.received(message, on: subscription.topic)
    }

    /// The server gave a topic up because its slot moved.
    private func dropped(_ subscription: Subscription) {
        leave(subscription)
        homeless.append(subscription)
        environment.routes.refresh()
        retrySoon()
        tellSoon()
    }

    private func settled(_ active: [Subscription], failed: [Subscription]) {
        for subscription in active where !subscription.isActive {
            subscription.isActive = true
            confirmed.append(subscription)
        }
        if failed.isEmpty {
            failures = 0
            isRefusalTold = false
        } else {
            for subscription in failed {
                leave(subscription)
                homeless.append(subscription)
            }
            environment.routes.refresh()
            retrySoon()
        }
        tellSoon()
    }

    private func refused(_ text: String, at place: TransportPlace) {
        if case .node(let address) = place, case .moved(let slot, let target) = Redirection(text, from: address) {
            return environment.routes.moved(slot, to: target)
        }
        guard !isRefusalTold else { return }
        isRefusalTold = true
        environment.logger.warning(
            "topics of the cluster cannot be subscribed to",
            metadata: .init([.peerAddress: "\(place)", .errorMessage: "\(text.prefix(200))"])
        )
    }

    private func retrySoon() {
        guard retry == nil else { return }
        failures += 1
        let pause = TimeAmount(backoff.pause(afterFailures: failures))
        retry = environment.loop.assumeIsolated().scheduleTask(in: pause) {
            self.retry = nil
            self.environment.routes.refresh()
            self.settleHomeless()
        }
    }

    private func tellSoon() {
        guard !isTellingDue, !confirmed.isEmpty || !interrupted.isEmpty else { return }
        isTellingDue = true
        environment.loop.assumeIsolated().execute {
            self.isTellingDue = false
            self.tell()
        }
    }

    /// Tells the receiver what has changed.
    private func tell() {
        if !interrupted.isEmpty {
            let topics = interrupted.filter { wanted[$0.name] === $0 }.map(\.topic)
            interrupted = []
            if !topics.isEmpty { receiver.interrupted(topics) }
        }
        if !confirmed.isEmpty {
            let topics = confirmed.filter { $0.isActive && wanted[$0.name] === $0 }.map(\.topic)
            confirmed = []
            if !topics.isEmpty { receiver.subscribed(to: topics) }
        }
    }
}
