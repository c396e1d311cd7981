import Logging
import NIOCore
import ServerCore

/// Tells the directory what the node's tables have to say, for as long as the node runs.
struct ClusterSpeaker: Sendable {
    let hub: ChannelHub
    let session: ClusterSession

    /// How long after a store was lost its topics may turn out to have forgotten something.
    private static let troubledTime = Duration.seconds(30)

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await repeatFailed() }
            for await keys in session.dirtyBatches() {
                speak(keys, in: &group)
            }
            group.cancelAll()
        }
    }

    private func repeatFailed() async {
        while !Task.isCancelled {
            let pause = await isHearing() ? session.retryFailed() : .milliseconds(500)
            // Cancelled: the loop's condition notices.
            try? await Task.sleep(for: pause)
        }
    }

    /// One question finds out whether it is worth to say again what a hundred thousand channels have to say.
    private func isHearing() async -> Bool {
        guard session.hasFailed else { return true }
        do throws(BackendError) {
            try await session.link.directory.checkHealth()
            return true
        } catch {
            return false
        }
    }

    private func speak(_ keys: [SharedKey], in group: inout DiscardingTaskGroup) {
        let node = session.node
        let isTroubled = !session.hasBeenQuiet(for: Self.troubledTime)
        var toRecord: [SharedKey: ClusterTopic] = [:]
        var toErase: [SharedKey: ClusterTopic] = [:]
        for key in keys {
            if case .changedApp(let id) = key {
                group.addTask {
                    await hub.refreshApp(id: id)
                    session.endSteps(1)
                }
                continue
            }
            if case .lease = key {
                group.addTask {
                    await renewLease(of: node)
                    session.endSteps(1)
                }
                continue
            }
            switch hub.nextStep(key, node: node) {
            case .nothing: session.endSteps(1)
            case .record(let topic): toRecord[key] = topic
            case .erase(let topic): toErase[key] = topic
            case .update(var update):
                if !isTroubled { update.seen = 0 }
                group.addTask { [update] in
                    await assert(update, key)
                    session.endSteps(1)
                }
            }
        }
        if !toRecord.isEmpty {
            let topics = toRecord
            group.addTask {
                await record(topics, node)
                session.endSteps(topics.count)
            }
        }
        if !toErase.isEmpty {
            let topics = toErase
            group.addTask {
                await erase(topics, node)
                session.endSteps(topics.count)
            }
        }
    }

    private func renewLease(of node: ClusterNode) async {
        do throws(BackendError) {
            let directory = session.link.directory
            guard try await directory.renewLease(of: node, lasting: session.link.configuration.nodeTimeout) == .buried
            else { return }
            hub.takeNewName(after: node)
        } catch {
            session.markFailed(.lease)
        }
    }

    private func assert(_ update: ClusterUpdate, _ key: SharedKey) async {
        // The name may have been given up since the update was made.
        guard update.node == session.node else { return hub.stepFailed(key) }
        let start = ContinuousClock.now
        do throws(BackendError) {
            let outcome = try await session.link.directory.update(update)
            if ContinuousClock.now - start > session.link.configuration.nodeTimeout {
                // This node slept, and may have been given up meanwhile: what it would tell now, others may have told.
                hub.stepFailed(key)
            } else if outcome.isBuried {
                hub.stepFailed(key)
                hub.takeNewName(after: update.node)
            } else {
                hub.finish(key, outcome)
            }
        } catch {
            fail(key)
        }
    }

    private func record(_ topics: [SharedKey: ClusterTopic], _ node: ClusterNode) async {
        do throws(BackendError) {
            let isAlive = try await session.link.directory.record(Array(topics.values), of: node)
            for key in topics.keys {
                if isAlive, node == session.node { hub.recorded(key) } else { hub.stepFailed(key) }
            }
            if !isAlive { hub.takeNewName(after: node) }
        } catch {
            topics.keys.forEach(fail)
        }
    }

    private func erase(_ topics: [SharedKey: ClusterTopic], _ node: ClusterNode) async {
        do throws(BackendError) {
            try await session.link.directory.erase(Array(topics.values), of: node)
            topics.keys.forEach(hub.erased)
        } catch {
            topics.keys.forEach(fail)
        }
    }

    /// It is said again, once the directory answers.
    private func fail(_ key: SharedKey) {
        hub.stepFailed(key)
        session.markFailed(key)
    }
}
