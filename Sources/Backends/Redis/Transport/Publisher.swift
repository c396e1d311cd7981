import Logging
import NIOCore
import ServerCore

/// Sends messages to the masters of their slots, each slot's in order.
///
/// Threading: the transport's loop.
final class Publisher {
    /// What the publisher needs from the transport.
    struct Environment {
        var loop: any EventLoop
        var routes: TransportRoutes
        var options: RedisTransportOptions
        var commandTimeout: Duration
        var meters: TransportMeters
        var logger: Logger
        var backlog: TransportBacklog
        var makeLink: (TransportPlace) -> TransportLink
        /// The store of some slots may have lost what it had; `nil` is all.
        var disturbed: (Set<Int>?) -> Void
    }

    let environment: Environment
    var lanes: [Int: PublishLane] = [:]
    var links: [TransportPlace: PublisherLink] = [:]
    /// Lanes that may be able to send.
    private var ready: [PublishLane] = []
    private var isFlushDue = false
    /// Lanes that wait for something but their turn.
    var waiting: Set<Int> = []
    /// Slots that moved, and until when nothing is sent to them.
    private var quietSlots: [Int: NIODeadline] = [:]
    let backoff = RedisBackoff(initial: .milliseconds(30), longest: .milliseconds(500))
    var refusalToldAt: NIODeadline?

    init(_ environment: Environment) {
        self.environment = environment
    }

    var loop: any EventLoop { environment.loop }
    var routes: TransportRoutes { environment.routes }

    /// Takes a message in.
    func publish(_ entry: TransportEntry, slot: Int) {
        let lane = lanes[slot] ?? makeLane(slot)
        lane.append(entry)
        guard lane.timer == nil, !lane.isProbing else { return }
        look(at: lane)
    }

    /// Takes note of a changed map: there is a connection to every master.
    func updateLinks() {
        let places = Set(routes.publishPlaces)
        for place in places where links[place] == nil { open(place) }
        for (place, link) in links where !places.contains(place) {
            link.close()
            links[place] = nil
        }
        wakeWaiting()
        updateServing()
    }

    /// Slots have another master: subscribers need a moment to follow.
    func slotsMoved(_ slots: Set<Int>) {
        let now = NIODeadline.now()
        quietSlots = quietSlots.filter { $0.value > now }
        // Classic subscribers hear every node.
        guard routes.isSharded else { return }
        let quietUntil = now + TimeAmount(environment.options.settleTime)
        for slot in slots {
            quietSlots[slot] = quietUntil
            lanes[slot]?.quietUntil = quietUntil
        }
    }

    /// Ends all connections and drops what waits.
    func close() {
        for link in links.values { link.close() }
        links = [:]
        for lane in lanes.values {
            lane.timer?.cancel()
            drop(lane.drain())
        }
        lanes = [:]
    }

    private func makeLane(_ slot: Int) -> PublishLane {
        let lane = PublishLane(slot: slot)
        lane.quietUntil = quietSlots[slot] ?? .now()
        lanes[slot] = lane
        return lane
    }

    func open(_ place: TransportPlace) {
        let link = PublisherLink(
            environment.makeLink(place),
            options: environment.options,
            commandTimeout: environment.commandTimeout,
            loop: loop
        )
        links[place] = link
        link.start(
            .init(
                isUp: { again in self.isUp(place, again: again) },
                isDown: {
                    self.routes.refresh()
                    self.updateServing()
                },
                isFailing: { self.routes.refresh() }
            )
        )
    }

    private func isUp(_ place: TransportPlace, again: Bool) {
        if again {
            environment.meters.reconnected()
            if routes.isCluster {
                environment.disturbed(Set((0..<HashSlot.count).filter { routes.publishPlace($0) == place }))
            } else {
                environment.disturbed(nil)
            }
        }
        wakeWaiting()
        updateServing()
    }

    private func wakeWaiting() {
        for slot in waiting {
            guard let lane = lanes[slot], !lane.isProbing else { continue }
            lane.timer?.cancel()
            lane.timer = nil
            look(at: lane)
        }
    }

    /// Lets a lane send at the end of this turn of the loop.
    func look(at lane: PublishLane) {
        guard !lane.isReady else { return }
        lane.isReady = true
        ready.append(lane)
        guard !isFlushDue else { return }
        isFlushDue = true
        loop.assumeIsolated().execute {
            self.isFlushDue = false
            self.flush()
        }
    }

    private func flush() {
        let lanes = ready
        ready = []
        var used: [PublisherLink] = []
        for lane in lanes {
            lane.isReady = false
            guard let link = advance(lane), used.last !== link else { continue }
            used.append(link)
        }
        for link in used { link.send() }
        updateServing()
    }

    /// Sends what a lane may send, and otherwise sees to it that it is looked at again; returns the link that was
    /// written to.
    private func advance(_ lane: PublishLane) -> PublisherLink? {
        guard lanes[lane.slot] === lane, lane.timer == nil, !lane.isProbing else { return nil }
        lane.recover()
        drop(lane.expired(at: .now()))
        guard !lane.queue.isEmpty else {
            if lane.isEmpty { remove(lane) }
            return nil
        }
        // What failed waits for what is under way, whose replies come here.
        guard lane.failed.isEmpty else { return nil }
        if let entry = lane.queue.first, case .asking(let address) = entry.form { return ask(lane, at: address) }
        guard let place = routes.publishPlace(lane.slot), let link = links[place], link.isUp else {
            routes.refresh()
            lane.failures = max(lane.failures, 5)
            wait(lane, backoff.pause(afterFailures: lane.failures))
            return nil
        }
        if lane.needsProbe { return probe(lane, link) }
        let quietUntil = max(lane.quietUntil, link.quietUntil)
        let now = NIODeadline.now()
        guard quietUntil <= now else {
            wait(lane, .nanoseconds((quietUntil - now).nanoseconds))
            return nil
        }
        waiting.remove(lane.slot)
        var hasSent = false
        while let entry = lane.next(for: place) {
            hasSent = true
            link.append { bytes in
                entry.write(to: &bytes, prefix: self.environment.options.prefix, isSharded: self.routes.isSharded)
            } completion: { result in
                self.finished(entry, lane, result, at: place)
            }
        }
        return hasSent ? link : nil
    }

    func wait(_ lane: PublishLane, _ pause: Duration) {
        waiting.insert(lane.slot)
        // Not too long, since messages may become too old meanwhile.
        lane.timer = loop.assumeIsolated().scheduleTask(in: TimeAmount(min(pause, .milliseconds(500)))) {
            lane.timer = nil
            self.look(at: lane)
        }
    }

    func remove(_ lane: PublishLane) {
        lanes[lane.slot] = nil
        waiting.remove(lane.slot)
    }

    private func updateServing() {
        let isServing =
            waiting.isEmpty && !links.isEmpty && routes.publishPlaces.allSatisfy { links[$0]?.isUp ?? false }
        environment.backlog.setServing(isServing)
        environment.meters.buffered(environment.backlog.count)
    }
}
