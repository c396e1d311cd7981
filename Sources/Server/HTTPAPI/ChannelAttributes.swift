import NIOCore

/// The counts of a channel that an answer tells; those not asked for are `nil`.
package struct ChannelAttributes: Sendable, Equatable {
    package var userCount: Int?
    package var subscriptionCount: Int?

    /// Makes attributes.
    package init(userCount: Int? = nil, subscriptionCount: Int? = nil) {
        self.userCount = userCount
        self.subscriptionCount = subscriptionCount
    }

    var isEmpty: Bool { userCount == nil && subscriptionCount == nil }

    /// Writes the members of the JSON object, without braces.
    func writeMembers(to json: inout ByteBuffer) {
        if let userCount {
            json.writeStaticString(#""user_count":"#)
            json.writeString(String(userCount))
        }
        if let subscriptionCount {
            json.writeStaticString(userCount == nil ? #""subscription_count":"# : #","subscription_count":"#)
            json.writeString(String(subscriptionCount))
        }
    }
}

/// What an answer tells about a cache channel's last event.
package enum CacheAttribute: Sendable, Equatable {
    case notAsked
    case empty
    /// The data string in its JSON escapes, without quotes, and the time it still has.
    case event(escapedData: [UInt8], ttlSeconds: Int)
}
