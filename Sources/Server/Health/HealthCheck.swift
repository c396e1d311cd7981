package import ChannelHub
import ServerCore

/// Says whether the node can serve an app, as load balancers and probes read it.
///
/// Statuses and bodies are Sockudo's; the whole check ends within the configured time.
package struct HealthCheck: Sendable {
    private let backends: ServerBackends
    private let hub: ChannelHub?
    private let timeout: Duration

    /// Makes a check of some backends, and of the hub's way to other nodes.
    package init(backends: ServerBackends, hub: ChannelHub? = nil, timeout: Duration) {
        self.backends = backends
        self.hub = hub
        self.timeout = timeout
    }

    /// The answers of `/up` and `/up/{app_id}`: the text is both the body and the `X-Health-Check` header.
    package enum Verdict: String, Sendable, CaseIterable {
        case healthy = "OK"
        /// The node serves, but webhooks cannot be queued.
        case degraded = "DEGRADED"
        case draining = "DRAINING"
        case notFound = "NOT_FOUND"
        case failed = "ERROR"

        /// The HTTP status.
        package var status: Int {
            switch self {
            case .healthy, .degraded: 200
            case .notFound: 404
            case .draining, .failed: 503
            }
        }
    }

    /// Checks the backends and, where an id is given, that the app exists and is enabled.
    ///
    /// What has not answered within the time counts as failed: a queue that hangs only degrades the node.
    package func verdict(appID: String?) async -> Verdict {
        await withTaskGroup(of: Finding.self) { group in
            group.addTask { .serving(await self.serving(appID: appID)) }
            group.addTask { .queueing(await self.isQueueing()) }
            group.addTask {
                // Cancelled as soon as the checks are done; its end before that is the time-out.
                try? await Task.sleep(for: timeout)
                return .timeout
            }
            var serving: Verdict?
            var isQueueing: Bool?
            while serving == nil || serving == .healthy && isQueueing == nil, let finding = await group.next() {
                switch finding {
                case .serving(let verdict): serving = verdict
                case .queueing(let answer): isQueueing = answer
                case .timeout:
                    serving = serving ?? .failed
                    isQueueing = isQueueing ?? false
                }
            }
            group.cancelAll()
            return serving == .healthy && isQueueing == false ? .degraded : serving ?? .failed
        }
    }

    private enum Finding: Sendable {
        case serving(Verdict)
        case queueing(Bool)
        case timeout
    }

    private func serving(appID: String?) async -> Verdict {
        do throws(BackendError) {
            if let appID {
                guard let app = try await backends.apps.app(id: appID) else { return .notFound }
                guard app.isEnabled else { return .failed }
            }
            try await backends.apps.checkHealth()
            try await backends.cache.checkHealth()
            try await hub?.checkClusterHealth()
            return .healthy
        } catch {
            return .failed
        }
    }

    private func isQueueing() async -> Bool {
        do throws(BackendError) {
            try await backends.webhookQueue.checkHealth()
            return true
        } catch {
            return false
        }
    }
}
