import NIOCore
package import ServerCore

/// Carries messages between nodes by Redis's pub/sub.
///
/// A server by itself, or the master that sentinels name, is used by one connection for publishing and one for
/// subscribing. In a cluster from version 7 each topic's messages stay on the shard of its slot, with these two
/// connections for each master; older clusters spread every message over all their nodes, and any of them is listened
/// to. Publishing costs one command; a message that is retained, one script.
///
/// Everything happens on one event loop. Callers leave what they want under a lock and wake the loop once per turn.
package final class RedisClusterTransport: ClusterTransport {
    /// Whether messages of a topic stay on the shard of its slot, as the directory's scripts must do too.
    package let usesShardedPubSub: Bool
    private let loop: any EventLoop
    private let backlog: TransportBacklog
    private let core: NIOLoopBound<TransportCore>
    private let meters: TransportMeters

    init(_ environment: TransportEnvironment) async throws {
        let backlog = TransportBacklog(environment.options)
        let loop = environment.loop
        if case .cluster(_, isSharded: true) = environment.shape {
            usesShardedPubSub = true
        } else {
            usesShardedPubSub = false
        }
        self.loop = loop
        self.backlog = backlog
        meters = environment.meters
        core = try await loop.submit {
            NIOLoopBound(TransportCore(environment, backlog: backlog), eventLoop: loop)
        }.get()
    }

    package func subscribe(_ topic: ClusterTopic) {
        if backlog.add(.subscribe(topic)) { wake() }
    }

    package func unsubscribe(_ topic: ClusterTopic) {
        if backlog.add(.unsubscribe(topic)) { wake() }
    }

    @discardableResult
    package func publish(_ publication: ClusterPublication) -> Bool {
        guard let wakes = backlog.add(publication) else {
            meters.dropped(1)
            return false
        }
        if wakes { wake() }
        return true
    }

    package var isServing: Bool { backlog.isServing }

    package func run(receiver: any ClusterReceiver) async {
        loop.execute { [core] in core.value.start(receiver) }
        await OneShotSignal().wait()
        await withCheckedContinuation { continuation in
            loop.execute { [core] in
                core.value.stop()
                continuation.resume()
            }
        }
    }

    package func flush(within duration: Duration) async {
        guard let emptied = backlog.emptied() else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await Task.sleep(for: duration)
                } catch {
                    // Cancelled: everything has gone out, or the caller does not wait any longer.
                }
                emptied.signal()
            }
            await emptied.wait()
            group.cancelAll()
        }
    }

    private func wake() {
        loop.execute { [core] in core.value.work() }
    }
}
