/// One destination of an app's webhook events.
package struct Webhook: Sendable, Equatable {
    /// An `http` or `https` URL, or the name of a Lambda function (``LambdaFunction/url``).
    package var url: String
    /// The function that is invoked instead of a request to the URL.
    package var lambda: LambdaFunction?
    /// The events to send; empty is none, as in Sockudo.
    package var eventTypes: WebhookEventTypes
    package var filter: WebhookFilter
    /// Extra header fields, in the order of the configuration; they cannot replace the signature's.
    package var headers: [HeaderField]
    package var retry: WebhookRetry
    /// The time for one delivery; `nil` takes the server's.
    package var requestTimeout: Duration?

    /// Makes a webhook without filters.
    package init(url: String, eventTypes: WebhookEventTypes) {
        self.url = url
        self.eventTypes = eventTypes
        self.filter = WebhookFilter()
        self.headers = []
        self.retry = WebhookRetry()
        self.requestTimeout = nil
    }

    /// Makes a webhook that invokes a function.
    package init(lambda: LambdaFunction, eventTypes: WebhookEventTypes) {
        self.init(url: lambda.url, eventTypes: eventTypes)
        self.lambda = lambda
    }

    /// A header field as it is sent.
    package struct HeaderField: Sendable, Equatable {
        package var name: String
        package var value: String

        /// Makes a field.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}

/// Conditions on the channel of an event; all that are set must hold.
package struct WebhookFilter: Sendable, Equatable {
    package var channelPrefix: String?
    package var channelSuffix: String?
    /// A regular expression that must match somewhere in the channel name.
    package var channelPattern: String?

    /// Makes a filter that lets everything through.
    package init() {}
}

/// A webhook's override of the server's retry settings; `nil` takes the server's.
package struct WebhookRetry: Sendable, Equatable {
    package var isEnabled: Bool?
    package var maxAttempts: Int?
    package var maxElapsed: Duration?

    /// Makes an override of nothing.
    package init() {}
}

/// The kinds of webhook events (Pusher Channels docs, "Webhooks").
package struct WebhookEventTypes: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let channelOccupied = WebhookEventTypes(rawValue: 1 << 0)
    package static let channelVacated = WebhookEventTypes(rawValue: 1 << 1)
    package static let memberAdded = WebhookEventTypes(rawValue: 1 << 2)
    package static let memberRemoved = WebhookEventTypes(rawValue: 1 << 3)
    package static let clientEvent = WebhookEventTypes(rawValue: 1 << 4)
    package static let cacheMiss = WebhookEventTypes(rawValue: 1 << 5)
    package static let subscriptionCount = WebhookEventTypes(rawValue: 1 << 6)

    /// Every kind with its wire name.
    package static let names: [(type: WebhookEventTypes, name: String)] = [
        (.channelOccupied, "channel_occupied"),
        (.channelVacated, "channel_vacated"),
        (.memberAdded, "member_added"),
        (.memberRemoved, "member_removed"),
        (.clientEvent, "client_event"),
        (.cacheMiss, "cache_miss"),
        (.subscriptionCount, "subscription_count"),
    ]

    /// The kind with a wire name, or `nil`.
    package init?(name: String) {
        guard let match = Self.names.first(where: { $0.name == name }) else { return nil }
        self = match.type
    }
}
