import Logging
import NIOCore
import ServerCore

/// Says that this node lives, and buries those that do not any more.
///
/// A node whose lease ended is buried by exactly one survivor, which takes the node's part out of each of its topics and
/// tells what comes of that.
struct NodeKeeper: Sendable {
    /// Topics that are taken out at a time.
    private static let batch = 256

    let hub: ChannelHub
    let session: ClusterSession

    private var directory: any ClusterDirectory { session.link.directory }
    private var configuration: ClusterConfiguration { session.link.configuration }
    private var logger: Logger { session.link.logger }

    /// Has the node known as alive, before it has a part in anything; returns when it is or the task is cancelled.
    func begin() async {
        while !Task.isCancelled {
            do throws(BackendError) {
                if try await directory.renewLease(of: session.node, lasting: configuration.nodeTimeout) != .buried {
                    return
                }
                hub.takeNewName(after: session.node)
            } catch {
                session.noteTrouble()
                await pause(.milliseconds(500))
            }
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await keepLease() }
            if configuration.buriesDeadNodes {
                group.addTask { await buryDead() }
            }
        }
    }

    private func keepLease() async {
        var isHeld = true
        while !Task.isCancelled {
            let node = session.node
            do throws(BackendError) {
                let lease = try await directory.renewLease(of: node, lasting: configuration.nodeTimeout)
                if lease == .buried {
                    logger.warning("other nodes gave this one up", metadata: .init([.nodeID: "\(node)"]))
                    hub.takeNewName(after: node)
                    isHeld = false
                    continue
                }
                if isHeld, lease == .granted {
                    // The store forgot the lease, and with it perhaps more.
                    session.noteTrouble()
                }
                isHeld = true
            } catch {
                session.noteTrouble()
            }
            await pause(configuration.heartbeatInterval)
        }
    }

    private func buryDead() async {
        while !Task.isCancelled {
            await pause(.nanoseconds(Int64.random(in: 1...configuration.cleanupInterval.timeAmount.nanoseconds)))
            // A store that was just replaced may have forgotten the leases of nodes that live.
            guard session.hasBeenQuiet(for: configuration.nodeTimeout) else { continue }
            do throws(BackendError) {
                for (node, isLive) in try await directory.nodes() where !isLive && node != session.node {
                    try await bury(node)
                }
            } catch {
                session.noteTrouble()
            }
        }
    }

    private func bury(_ node: ClusterNode) async throws(BackendError) {
        let me = session.node
        guard try await directory.bury(node, by: me, lasting: configuration.nodeTimeout) else { return }
        logger.info("taking over from a node that is gone", metadata: .init([.nodeID: "\(node)"]))
        var count = 0
        var last: ClusterTopic?
        var prolongedAt = ContinuousClock.now
        while true {
            let topics = try await directory.recordedTopics(of: node, after: last, limit: Self.batch)
            guard !topics.isEmpty else { break }
            last = topics.last
            // First under this node's name, so that whoever buries this one finds what it has taken over.
            let channels = topics.filter { $0.kind == .channel }
            if !channels.isEmpty, try await !directory.record(channels, of: me) { return }
            try await remove(node, from: topics, for: me)
            try await directory.erase(topics, of: node)
            count += topics.count
            if ContinuousClock.now - prolongedAt > configuration.nodeTimeout / 3 {
                prolongedAt = .now
                guard try await directory.bury(node, by: me, lasting: configuration.nodeTimeout) else { return }
            }
        }
        try await directory.forget(node)
        logger.info("took over from a node", metadata: .init([.nodeID: "\(node)", .count: "\(count)"]))
    }

    private func remove(
        _ node: ClusterNode,
        from topics: [ClusterTopic],
        for me: ClusterNode
    ) async throws(BackendError) {
        let failure = await withTaskGroup(of: BackendError?.self) { group in
            for topic in topics {
                group.addTask {
                    do throws(BackendError) {
                        try await remove(node, from: topic, for: me)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(nil) { $0 ?? $1 }
        }
        if let failure { throw failure }
    }

    private func remove(
        _ node: ClusterNode,
        from topic: ClusterTopic,
        for me: ClusterNode
    ) async throws(BackendError) {
        let app = try await session.link.apps.app(id: topic.appID).map { hub.apps.activate($0) }
        var update = ClusterUpdate(topic, node: node)
        update.reporter = me
        update.isWhole = true
        update.isBroken = true
        if let app { hub.complete(&update, app: app) }
        let outcome = try await directory.update(update)
        // A node that was itself given up meanwhile leaves what it took over to whoever buries it.
        if topic.kind == .channel, session.node == me {
            hub.adopt(topic, app: app, outcome)
        }
    }

    private func pause(_ duration: Duration) async {
        // Cancelled: the caller's loop notices.
        try? await Task.sleep(for: duration)
    }
}
