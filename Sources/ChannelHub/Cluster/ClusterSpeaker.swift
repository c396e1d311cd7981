import Logging
import NIOCore
import ServerCore

/// Tells the directory what the node's tables have to say, for as long as the node runs.
struct ClusterSpeaker: Sendable {
    let hub: ChannelHub
    let session: ClusterSession

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
            let pause = session.retryFailed()
            // Cancelled: the loop's condition notices.
            try? await Task.sleep(for: pause)
        }
    }

    private func speak(_ keys: Set<SharedKey>, in group: inout DiscardingTaskGroup) {
        let node = session.node
        var toRecord: [SharedKey: ClusterTopic] = [:]
        var toErase: [SharedKey: ClusterTopic] = [:]
        for key in keys {
            if case .changedApp(let id) = key {
                group.addTask { await hub.refreshApp(id: id) }
                continue
            }
            switch hub.nextStep(key, node: node) {
            case .nothing: break
            case .record(let topic): toRecord[key] = topic
            case .erase(let topic): toErase[key] = topic
            case .update(let update): group.addTask { await assert(update, key) }
            }
        }
        if !toRecord.isEmpty {
            let topics = toRecord
            group.addTask { await record(topics, node) }
        }
        if !toErase.isEmpty {
            let topics = toErase
            group.addTask { await erase(topics, node) }
        }
    }

    private func assert(_ update: ClusterUpdate, _ key: SharedKey) async {
        do throws(BackendError) {
            let outcome = try await session.link.directory.update(update)
            if outcome.isBuried {
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
                if isAlive { hub.recorded(key) } else { hub.stepFailed(key) }
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
