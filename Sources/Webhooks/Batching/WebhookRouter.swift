import ServerCore

/// Turns events into jobs: looks the app up, applies each webhook's filter and cuts what is left into requests.
actor WebhookRouter {
    /// Keeps a job under the message limit of every queue with room for the envelope (SQS: 256 KiB at its smallest).
    private static let maxBodyBytes = 200 * 1024
    private static let maxPatterns = 1_000

    private let apps: any AppManager
    private let maxEvents: Int
    /// Compiled patterns; `nil` stands for an invalid one, which never matches.
    private var patterns: [String: ChannelPattern?] = [:]

    init(apps: any AppManager, batching: WebhookConfiguration.Batching) {
        self.apps = apps
        maxEvents = batching.isEnabled ? batching.size : 1
    }

    /// What became of a number of events.
    struct Routing: Sendable {
        var jobs: [WebhookJob] = []
        /// Events whose app could not be looked up now, in their order.
        var unresolved: [WebhookBuffer.Entry] = []
        /// The apps that do not exist, with the number of their events.
        var orphans: [String: Int] = [:]
        var error: BackendError?
    }

    /// Routes events; those of one app keep their order.
    func route(_ entries: [WebhookBuffer.Entry]) async -> Routing {
        var groups: [String: [WebhookBuffer.Entry]] = [:]
        var order: [String] = []
        for entry in entries {
            if groups[entry.event.appID] == nil { order.append(entry.event.appID) }
            groups[entry.event.appID, default: []].append(entry)
        }
        let found = await lookUp(order)
        var routing = Routing()
        for id in order {
            let group = groups[id] ?? []
            switch found[id] {
            case .success(let app?):
                routing.jobs.append(contentsOf: jobs(for: group, of: app))
            case .success(nil), nil:
                routing.orphans[id] = group.count
            case .failure(let error):
                routing.error = error
                routing.unresolved.append(contentsOf: group)
            }
        }
        return routing
    }

    /// The answer for one app.
    ///
    /// An object and not a tuple: a child task whose `do` and `catch` both return a tuple with a large `Result` returns
    /// garbage when Swift 6.3 optimizes it.
    private final class LookUp: Sendable {
        let id: String
        let result: Result<App?, BackendError>

        init(_ id: String, in apps: any AppManager) async {
            self.id = id
            do throws(BackendError) {
                result = .success(try await apps.app(id: id))
            } catch {
                result = .failure(error)
            }
        }
    }

    /// Looks all apps up at the same time, so that one slow answer costs its own time only once.
    private func lookUp(_ ids: [String]) async -> [String: Result<App?, BackendError>] {
        await withTaskGroup(of: LookUp.self) { [apps] group in
            for id in ids {
                group.addTask { await LookUp(id, in: apps) }
            }
            var found: [String: Result<App?, BackendError>] = [:]
            for await answer in group {
                found[answer.id] = answer.result
            }
            return found
        }
    }

    private func jobs(for entries: [WebhookBuffer.Entry], of app: App) -> [WebhookJob] {
        var jobs: [WebhookJob] = []
        for (destination, webhook) in WebhookDestination.all(of: app) {
            var batch: [[UInt8]] = []
            var batchBytes = 0
            var batchTime: Int64 = 0
            func close() {
                guard !batch.isEmpty else { return }
                jobs.append(WebhookJob(destination: destination, timeMilliseconds: batchTime, events: batch))
                batch.removeAll(keepingCapacity: true)
                batchBytes = 0
            }
            for entry in entries where wants(webhook, entry.event) {
                let json = entry.event.json
                if batch.count >= maxEvents || batchBytes + json.count > Self.maxBodyBytes { close() }
                if batch.isEmpty { batchTime = entry.milliseconds }
                batch.append(json)
                batchBytes += json.count
            }
            close()
        }
        return jobs
    }

    private func wants(_ webhook: Webhook, _ event: WebhookEvent) -> Bool {
        let filter = webhook.filter
        guard webhook.eventTypes.contains(event.type) else { return false }
        if let prefix = filter.channelPrefix, !event.channel.utf8.starts(with: prefix.utf8) { return false }
        if let suffix = filter.channelSuffix, !event.channel.utf8.reversed().starts(with: suffix.utf8.reversed()) {
            return false
        }
        guard let text = filter.channelPattern else { return true }
        return pattern(text)?.matches(event.channel) ?? false
    }

    private func pattern(_ text: String) -> ChannelPattern? {
        if let known = patterns[text] { return known }
        if patterns.count >= Self.maxPatterns { patterns.removeAll() }
        let compiled: ChannelPattern?
        do throws(ConfigurationProblem) {
            compiled = try ChannelPattern(text)
        } catch {
            // Refused when the app was configured; a store that was filled otherwise gets silence, not a crash.
            compiled = nil
        }
        patterns[text] = .some(compiled)
        return compiled
    }
}
