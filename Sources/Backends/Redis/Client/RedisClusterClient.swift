import NIOCore
import Synchronization

/// Runs commands at the master of their key's slot, wherever that is meanwhile.
///
/// The map of slots is learnt from any node that answers and corrected by what nodes say: `MOVED` at once for its slot,
/// a lost master or `CLUSTERDOWN` by asking the cluster again. Many callers make one question at a time. Nodes that
/// left are forgotten with the next map, new ones are found by it.
final class RedisClusterClient: RedisClient {
    private static let refreshPause = Duration.milliseconds(100)
    /// How many nodes are asked for the map at once, so that one that hangs does not hold it up.
    private static let maxAsked = 5

    private struct State {
        var topology = ClusterTopology.empty
        var nodes: [RedisAddress: RedisNode] = [:]
        var refresh: EventLoopFuture<Void>?
        var refreshedAt: ContinuousClock.Instant?
        /// Something showed that the map may be wrong; the next command asks for it again.
        var isStale = true
        /// Why the map could not be learnt the last time.
        var refreshFailure: RedisError?
        var isClosed = false
    }

    private let seeds: [RedisAddress]
    private let connector: RedisConnector
    private let usesTLS: Bool
    private let group: any EventLoopGroup
    private let loop: any EventLoop
    private let state = Mutex(State())

    init(seeds: [RedisAddress], connector: RedisConnector, usesTLS: Bool, group: any EventLoopGroup) {
        self.seeds = seeds
        self.connector = connector
        self.usesTLS = usesTLS
        self.group = group
        loop = group.next()
    }

    /// The map as far as known.
    var topology: ClusterTopology {
        state.withLock(\.topology)
    }

    /// The masters as far as known.
    var masters: [RedisAddress] {
        state.withLock { $0.topology.masters }
    }

    func run(_ command: RedisCommand, patience: Duration) async throws(RedisError) -> RESPValue {
        var schedule = RetrySchedule(patience: patience)
        var redirections = 0
        var redirected: RedisAddress?
        while true {
            var tried: RedisNode?
            do throws(RedisError) {
                let node = if let redirected { try node(at: redirected) } else { try await master(for: command) }
                tried = node
                switch try await attempt(command, at: node) {
                case .reply(let reply):
                    return reply
                case .moved(let address):
                    redirections += 1
                    redirected = address
                    // At once, but not for ever between nodes that disagree.
                    guard redirections.isMultiple(of: 4) else { continue }
                    throw RedisError(.notServing, "the nodes disagree about who serves the slot of \(command.name)")
                }
            } catch {
                redirected = nil
                if error.questionsPlace { state.withLock { $0.isStale = true } }
                guard let pause = schedule.pause(after: error, of: command, downSince: tried?.downSince) else {
                    throw error
                }
                try await RetrySchedule.sleep(pause)
            }
        }
    }

    func close() {
        let nodes = state.withLock { state in
            state.isClosed = true
            defer { state.nodes = [:] }
            return Array(state.nodes.values)
        }
        for node in nodes {
            node.close()
        }
    }

    /// Asks the cluster for its map; failures leave the old one.
    func refresh() async {
        let (future, promise) = state.withLock { state -> (EventLoopFuture<Void>?, EventLoopPromise<Void>?) in
            if let refresh = state.refresh { return (refresh, nil) }
            if let last = state.refreshedAt, last + Self.refreshPause > .now { return (nil, nil) }
            let promise = loop.makePromise(of: Void.self)
            state.refresh = promise.futureResult
            return (promise.futureResult, promise)
        }
        if let promise {
            loop.makeFutureWithTask { await self.learn() }.whenComplete { _ in
                self.state.withLock { state in
                    state.refresh = nil
                    state.refreshedAt = .now
                }
                promise.succeed()
            }
        }
        do {
            try await future?.getUnlessCancelled()
        } catch {
            // Cancelled: the caller's next step notices.
        }
    }

    /// What a node said to a command.
    private enum Outcome {
        case reply(RESPValue)
        /// Another master serves the slot.
        case moved(to: RedisAddress)
    }

    /// Sends a command to a node and follows `ASK`; `MOVED` corrects the map.
    private func attempt(_ command: RedisCommand, at node: RedisNode) async throws(RedisError) -> Outcome {
        let connection = try await node.connection()
        let reply = try await connection.send([command])[0]
        guard case .error(let text) = reply else { return .reply(reply) }
        switch Redirection(text, from: connection.address) {
        case .moved(let slot, let address):
            state.withLock { state in
                state.topology.assign(slot...slot, to: address)
                state.isStale = true
            }
            return .moved(to: address)
        case .ask(let address):
            let target = try await self.node(at: address).connection()
            let reply = try await target.send([RedisCommand("ASKING"), command])[1]
            if case .error(let text) = reply { throw RedisError(reply: text, to: command, at: address) }
            return .reply(reply)
        case nil:
            throw RedisError(reply: text, to: command, at: connection.address)
        }
    }

    private func master(for command: RedisCommand) async throws(RedisError) -> RedisNode {
        let slot = command.key.map(HashSlot.of)
        if state.withLock(\.isStale) { await refresh() }
        guard let address = owner(of: slot) else {
            let reason = state.withLock(\.refreshFailure)
            throw RedisError(
                reason?.code == .refused ? .refused : .unreachable,
                "no node of \(seeds.map(\.description).joined(separator: ", ")) knows the map of the cluster",
                underlying: reason
            )
        }
        return try node(at: address)
    }

    private func owner(of slot: Int?) -> RedisAddress? {
        state.withLock { state in
            if let slot { return state.topology.master(of: slot) }
            return state.topology.masters.randomElement()
        }
    }

    private func node(at address: RedisAddress) throws(RedisError) -> RedisNode {
        try state.withLock { state throws(RedisError) in
            guard !state.isClosed else { throw RedisError(.closed, "the client was closed") }
            if let node = state.nodes[address] { return node }
            let node = RedisNode(on: group.next()) { [connector] () throws(RedisError) in
                try await connector.connect(to: address)
            }
            state.nodes[address] = node
            return node
        }
    }

    /// Asks some nodes at once, the known ones first, and takes the first map that comes.
    private func learn() async {
        let known = masters.shuffled()
        let asked = (known + seeds.shuffled().filter { !known.contains($0) }).prefix(Self.maxAsked)
        let answer = await withTaskGroup(of: Result<ClusterTopology, RedisError>.self) { group in
            for address in asked {
                group.addTask {
                    do throws(RedisError) {
                        return .success(try await self.topology(by: address))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            defer { group.cancelAll() }
            var last = Result<ClusterTopology, RedisError>.failure(RedisError(.unreachable, "no node is configured"))
            for await answer in group {
                last = answer
                if case .success = answer { break }
            }
            return last
        }
        switch answer {
        case .success(let topology): adopt(topology)
        case .failure(let error): state.withLock { $0.refreshFailure = error }
        }
    }

    private func topology(by address: RedisAddress) async throws(RedisError) -> ClusterTopology {
        let connection = try await node(at: address).connection()
        // Servers before version 7 do not know SHARDS, and a view in the middle of a failover may have no master.
        let replies = try await connection.send([
            RedisCommand("CLUSTER", "SHARDS"), RedisCommand("CLUSTER", "SLOTS"),
        ])
        if let topology = ClusterTopology(shards: replies[0], from: address, usesTLS: usesTLS)
            ?? ClusterTopology(slots: replies[1], from: address)
        {
            return topology
        }
        if case .error(let text) = replies[1] {
            throw RedisError(reply: text, to: RedisCommand("CLUSTER"), at: address)
        }
        throw RedisError(.malformed, "\(address) has no map of the cluster")
    }

    /// Takes over a map and ends the connections to nodes that are neither in it nor seeds.
    private func adopt(_ topology: ClusterTopology) {
        let left = state.withLock { state -> [RedisNode] in
            state.topology = topology
            state.isStale = false
            state.refreshFailure = nil
            let gone = state.nodes.filter { !topology.masters.contains($0.key) && !seeds.contains($0.key) }
            for address in gone.keys {
                state.nodes[address] = nil
            }
            return Array(gone.values)
        }
        for node in left {
            // Who just chose it goes on with the new map.
            node.close(because: RedisError(.notSent, "the node has left the cluster"))
        }
    }
}
