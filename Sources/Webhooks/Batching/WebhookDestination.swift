import ServerCore

/// Names one webhook of one app, also after a restart and on another node.
package struct WebhookDestination: Sendable, Hashable {
    package var appID: String
    package var url: String
    /// Which of the app's webhooks with this very URL, from 0: two entries with one URL are two destinations.
    package var occurrence: Int

    /// Finds the webhook in its app, or `nil` when it was removed.
    func webhook(in app: App) -> Webhook? {
        let candidates = app.webhooks.filter { $0.url == url }
        return candidates.indices.contains(occurrence) ? candidates[occurrence] : nil
    }

    /// The app's webhooks with their destinations, in the order of the configuration.
    static func all(of app: App) -> [(destination: WebhookDestination, webhook: Webhook)] {
        var seen: [String: Int] = [:]
        return app.webhooks.map { webhook in
            let occurrence = seen[webhook.url, default: 0]
            seen[webhook.url] = occurrence + 1
            return (WebhookDestination(appID: app.id, url: webhook.url, occurrence: occurrence), webhook)
        }
    }

    /// The URL without what may be secret in it: no user, no query.
    var loggableURL: String {
        let withoutQuery = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = withoutQuery.firstRange(of: "://") else { return "invalid" }
        let rest = withoutQuery[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(withoutQuery[..<scheme.upperBound])\(host)\(rest[authority.endIndex...])"
    }
}
