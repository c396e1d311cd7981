import Digest

/// What the load's connections subscribe to: connection `i` to channel `i` modulo the number of channels.
struct SubscriptionPlan {
    var kind = Kind.plain
    var channelCount = 1
    /// The number in the first channel's name.
    var firstChannel = 0

    /// A kind of channel, as its prefix.
    enum Kind: String {
        case plain = "bench-"
        case isPrivate = "private-bench-"
        case presence = "presence-bench-"
    }

    /// The name of a channel.
    func channel(_ index: Int) -> String { kind.rawValue + String(firstChannel + index % channelCount) }

    /// All names.
    var channels: [String] { (0..<channelCount).map(channel) }

    /// The message that subscribes connection `index`, which is user `u<index>` in presence channels.
    func subscribeMessage(index: Int, socketID: String, credentials: PusherCredentials) -> [UInt8] {
        message(channel: channel(index), user: index, socketID: socketID, credentials: credentials)
    }

    /// The message that subscribes a connection to a channel by name.
    func message(channel: String, user: Int, socketID: String, credentials: PusherCredentials) -> [UInt8] {
        var fields = "\"channel\":\"\(channel)\""
        switch kind {
        case .plain: break
        case .isPrivate:
            let signature = credentials.signer.sign("\(socketID):\(channel)").hex
            fields += ",\"auth\":\"\(credentials.key):\(signature)\""
        case .presence:
            let data = #"{"user_id":"u\#(user)","user_info":{"name":"User \#(user)"}}"#
            let signature = credentials.signer.sign("\(socketID):\(channel):\(data)").hex
            let escaped = data.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            fields += ",\"auth\":\"\(credentials.key):\(signature)\",\"channel_data\":\"\(escaped)\""
        }
        return ClientFrame.make(#"{"event":"pusher:subscribe","data":{\#(fields)}}"#)
    }
}
