import ServerCore

/// The keys that an app object may have, for the search for others.
indirect enum AppKeySchema: Sendable {
    /// A value of which the keys, if any, are not ours to judge.
    case value
    /// A list of the same things.
    case list(AppKeySchema)
    /// A table with known keys, and with keys that are known to have no effect.
    case table([String: AppKeySchema], ignored: [String: IgnoredKeys.Reason])
    /// The names of webhook events.
    case eventTypes

    /// One sentence for each key that is not known or has no effect.
    func findings(in node: ConfigNode, at name: String) -> [String] {
        switch (self, node) {
        case (.list(let element), .list(let nodes)):
            return nodes.enumerated().flatMap { element.findings(in: $1, at: "\(name)[\($0)]") }
        case (.table(let known, let ignored), .table(let table)):
            return table.sorted { $0.key < $1.key }.flatMap { part, child -> [String] in
                if child == .null { return [] }
                if let schema = known[part] { return schema.findings(in: child, at: "\(name).\(part)") }
                if let reason = ignored[part] { return ["\(name).\(part) \(reason.rawValue)"] }
                let nearest = EditDistance.nearest(to: part, among: known.keys)
                return ["\(name).\(part) is not known" + (nearest.map { "; did you mean \($0)?" } ?? "")]
            }
        case (.eventTypes, .list(let nodes)):
            return nodes.compactMap { node in
                guard case .string(let text) = node, WebhookEventTypes(name: text) == nil else { return nil }
                let nearest = EditDistance.nearest(to: text, among: WebhookEventTypes.names.map(\.name))
                return "\(name): '\(text)' is not an event of this build"
                    + (nearest.map { "; did you mean \($0)?" } ?? "")
            }
        default:
            return []
        }
    }

    /// A whole app: the policy form, or the older one with everything beside each other.
    static let app: AppKeySchema = {
        var keys = values(App.CodingKeys.self)
        keys[App.CodingKeys.policy.rawValue] = policy
        let flat = [limits, features, channels, policy].reduce(into: keys) { $0.merge($1.keys) { first, _ in first } }
        let ignored = [limits, features, channels, policy].reduce(into: [:]) {
            $0.merge($1.ignoredKeys) { first, _ in first }
        }
        return .table(flat, ignored: ignored)
    }()

    private static let policy: AppKeySchema = .table(
        [
            AppPolicy.CodingKeys.limits.rawValue: limits,
            AppPolicy.CodingKeys.features.rawValue: features,
            AppPolicy.CodingKeys.channels.rawValue: channels,
            AppPolicy.CodingKeys.webhooks.rawValue: .list(webhook),
            AppPolicy.CodingKeys.idempotency.rawValue: .table(values(AppIdempotency.CodingKeys.self), ignored: [:]),
        ],
        ignored: [
            "connection_recovery": .notOffered, "history": .notOffered, "presence_history": .notOffered,
        ]
    )

    private static let limits: AppKeySchema = .table(
        values(AppLimits.CodingKeys.self),
        ignored: ["max_backend_events_per_second": .withoutEffect, "max_read_requests_per_second": .withoutEffect]
    )

    private static let features: AppKeySchema = .table(values(AppFeatures.CodingKeys.self), ignored: [:])

    private static let channels: AppKeySchema = .table(
        values(AppPolicy.ChannelsKeys.self),
        ignored: [
            "annotations_enabled": .notOffered, "channel_delta_compression": .notOffered,
            "channel_namespaces": .notOffered,
        ]
    )

    private static let webhook: AppKeySchema = {
        var keys = values(Webhook.CodingKeys.self)
        keys[Webhook.CodingKeys.eventTypes.rawValue] = .eventTypes
        keys[Webhook.CodingKeys.filter.rawValue] = .table(
            values(WebhookFilter.CodingKeys.self),
            ignored: ["channel_namespace": .notOffered, "channel_namespaces": .notOffered]
        )
        keys[Webhook.CodingKeys.retry.rawValue] = .table(
            values(WebhookRetry.CodingKeys.self),
            ignored: ["initial_backoff_ms": .notNeeded, "max_backoff_ms": .notNeeded]
        )
        keys[Webhook.CodingKeys.lambda.rawValue] = .table(values(LambdaFunction.CodingKeys.self), ignored: [:])
        return .table(keys, ignored: [:])
    }()

    private static func values<Key: CodingKey & CaseIterable>(_ type: Key.Type) -> [String: AppKeySchema] {
        Dictionary(type.allCases.map { ($0.stringValue, .value) }, uniquingKeysWith: { first, _ in first })
    }

    private var keys: [String: AppKeySchema] {
        guard case .table(let keys, _) = self else { return [:] }
        return keys
    }

    private var ignoredKeys: [String: IgnoredKeys.Reason] {
        guard case .table(_, let ignored) = self else { return [:] }
        return ignored
    }
}
