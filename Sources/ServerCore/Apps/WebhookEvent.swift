/// Something that happened in an app and that its backend may want to hear of.
package struct WebhookEvent: Sendable, Equatable {
    /// The app in which it happened.
    package var appID: String
    /// The channel in which it happened.
    package var channel: String
    package var content: Content

    /// Makes an event.
    package init(appID: String, channel: String, content: Content) {
        self.appID = appID
        self.channel = channel
        self.content = content
    }

    /// What happened (Pusher Channels docs, "Webhooks").
    package enum Content: Sendable, Equatable {
        case channelOccupied
        case channelVacated
        case memberAdded(userID: String)
        case memberRemoved(userID: String)
        /// `data` is the string that subscribers received; `userID` is set on presence channels only.
        case clientEvent(name: String, data: String, socketID: String, userID: String?)
        case cacheMiss
        case subscriptionCount(Int)
    }

    /// The kind, for filters.
    package var type: WebhookEventTypes {
        switch content {
        case .channelOccupied: .channelOccupied
        case .channelVacated: .channelVacated
        case .memberAdded: .memberAdded
        case .memberRemoved: .memberRemoved
        case .clientEvent: .clientEvent
        case .cacheMiss: .cacheMiss
        case .subscriptionCount: .subscriptionCount
        }
    }
}
