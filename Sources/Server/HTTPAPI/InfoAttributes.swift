package import PusherProtocol

/// The attributes that a request's `info` asks for (Pusher Channels docs, "HTTP API").
package struct InfoAttributes: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The distinct users of a presence channel.
    package static let userCount = InfoAttributes(rawValue: 1)
    /// The connections subscribed to a channel.
    package static let subscriptionCount = InfoAttributes(rawValue: 2)
    /// The last event of a cache channel.
    package static let cache = InfoAttributes(rawValue: 4)

    /// Reads the `info` of a publish, where attributes that do not apply are left out of the answer.
    package init(ofPublish text: String) {
        self = Self.parse(text).known
    }

    /// Reads the `info` of a GET, where an unknown attribute is an error.
    package init(ofQuery text: String?) throws(HTTPFailure) {
        let (known, hasUnknown) = Self.parse(text ?? "")
        guard !hasUnknown else { throw Self.unknownAttribute }
        self = known
    }

    /// Checks what a listing of channels may be asked.
    package func checkListing(prefix: String, countsSubscriptions: Bool) throws(HTTPFailure) {
        guard !contains(.cache) else { throw Self.unknownAttribute }
        guard !contains(.userCount) || prefix.hasPrefix("presence-") else {
            throw .badRequest(
                "user_count may only be requested for presence channels - "
                    + "please supply filter_by_prefix beginning with presence-"
            )
        }
        try checkSubscriptionCount(countsSubscriptions)
    }

    /// Checks what one channel may be asked.
    package func checkChannel(_ kind: ChannelKind, countsSubscriptions: Bool) throws(HTTPFailure) {
        guard !contains(.userCount) || kind.isPresence else {
            throw .badRequest("Cannot retrieve the user count unless the channel is a presence channel")
        }
        guard !contains(.cache) || kind.isCache else {
            throw .badRequest("Cannot retrieve the cache unless the channel is a cache channel")
        }
        try checkSubscriptionCount(countsSubscriptions)
    }

    /// The attributes that a publish to one channel answers.
    package func applicable(to kind: ChannelKind, countsSubscriptions: Bool) -> InfoAttributes {
        var attributes = self
        attributes.remove(.cache)
        if !kind.isPresence { attributes.remove(.userCount) }
        if !countsSubscriptions { attributes.remove(.subscriptionCount) }
        return attributes
    }

    private func checkSubscriptionCount(_ countsSubscriptions: Bool) throws(HTTPFailure) {
        guard !contains(.subscriptionCount) || countsSubscriptions else {
            throw .badRequest("subscription_count is not enabled for this app")
        }
    }

    private static func parse(_ text: String) -> (known: InfoAttributes, hasUnknown: Bool) {
        var known: InfoAttributes = []
        var hasUnknown = false
        guard !text.isEmpty else { return (known, hasUnknown) }
        for part in text.split(separator: ",") {
            switch part.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) {
            case "user_count": known.insert(.userCount)
            case "subscription_count": known.insert(.subscriptionCount)
            case "cache": known.insert(.cache)
            default: hasUnknown = true
            }
        }
        return (known, hasUnknown)
    }

    private static let unknownAttribute = HTTPFailure.badRequest(
        "info should be a comma separated list of attributes: user_count, subscription_count, or cache for one channel"
    )
}
