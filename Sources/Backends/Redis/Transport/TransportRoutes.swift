import Logging
import NIOCore
import ServerCore

/// Knows which server serves which slot, for publishing and for subscribing.
///
/// Threading: the transport's loop.
final class TransportRoutes {
    /// What a deployment is like.
    enum Shape: Sendable {
        case single
        case cluster(RedisClusterClient, isSharded: Bool)
    }

    let shape: Shape
    private let loop: any EventLoop
    private let logger: Logger
    private var topology: ClusterTopology
    /// Where a cluster without sharded pub/sub is listened to: any master hears everything.
    private var listener: RedisAddress?
    /// Slots of which their servers said that they moved: other nodes may learn of that later, and their maps count for
    /// nothing meanwhile.
    private var pins: [Int: (address: RedisAddress, until: NIODeadline)] = [:]
    private static let pinTime = TimeAmount.seconds(3)
    private var isRefreshing = false
    private var isRefreshDue = false
    /// Told which slots have another master than before.
    var slotsMoved: ((Set<Int>) -> Void)?
    /// Told after each look at the map.
    var refreshed: (() -> Void)?

    init(_ shape: Shape, on loop: any EventLoop, logger: Logger) {
        self.shape = shape
        self.loop = loop
        self.logger = logger
        if case .cluster(let client, _) = shape {
            topology = client.topology
        } else {
            topology = .empty
        }
    }

    var isSharded: Bool {
        if case .cluster(_, isSharded: true) = shape { true } else { false }
    }

    var isCluster: Bool {
        if case .cluster = shape { true } else { false }
    }

    /// The places at which publications may arrive.
    var publishPlaces: [TransportPlace] {
        isCluster ? topology.masters.map(TransportPlace.node) : [.master]
    }

    /// Where messages of a slot are published.
    func publishPlace(_ slot: Int) -> TransportPlace? {
        isCluster ? topology.master(of: slot).map(TransportPlace.node) : .master
    }

    /// Where messages of a slot are listened to.
    func subscribePlace(_ slot: Int) -> TransportPlace? {
        guard isCluster, !isSharded else { return publishPlace(slot) }
        if listener == nil { listener = topology.masters.randomElement() }
        return listener.map(TransportPlace.node)
    }

    /// Listens elsewhere, where any place does.
    func leave(_ place: TransportPlace) {
        guard isCluster, !isSharded, listener.map(TransportPlace.node) == place else { return }
        let others = topology.masters.filter { .node($0) != place }
        listener = others.randomElement() ?? listener
    }

    /// A server said that a slot is elsewhere.
    func moved(_ slot: Int, to address: RedisAddress) {
        guard isCluster else { return }
        pins[slot] = (address, .now() + Self.pinTime)
        let old = topology.master(of: slot)
        if old != address {
            topology.assign(slot...slot, to: address)
            if old != nil { slotsMoved?([slot]) }
            refreshed?()
        }
        refresh()
    }

    /// Looks at the map of the cluster; calls that come meanwhile make one more look.
    func refresh() {
        guard case .cluster(let client, _) = shape else { return }
        guard !isRefreshing else {
            isRefreshDue = true
            return
        }
        isRefreshing = true
        loop.makeFutureWithTask { () -> ClusterTopology in
            await client.refresh()
            return client.topology
        }.assumeIsolated().whenSuccess { topology in
            self.adopt(topology)
            // The client looks at most every tenth of a second.
            self.loop.assumeIsolated().scheduleTask(in: .milliseconds(120)) {
                self.isRefreshing = false
                guard self.isRefreshDue else { return }
                self.isRefreshDue = false
                self.refresh()
            }
        }
    }

    private func adopt(_ map: ClusterTopology) {
        guard !map.masters.isEmpty else { return }
        var new = map
        pins = pins.filter { $0.value.until > .now() }
        for (slot, pin) in pins { new.assign(slot...slot, to: pin.address) }
        if new != topology {
            let old = topology
            topology = new
            let moved = (0..<HashSlot.count).filter { slot in
                guard let before = old.master(of: slot) else { return false }
                return new.master(of: slot).map { $0 != before } ?? false
            }
            if let listener, !new.masters.contains(listener) { self.listener = nil }
            if !moved.isEmpty {
                logger.info(
                    "slots of the cluster transport have other masters",
                    metadata: .init([.count: "\(moved.count)"])
                )
                slotsMoved?(Set(moved))
            }
        }
        refreshed?()
    }
}
