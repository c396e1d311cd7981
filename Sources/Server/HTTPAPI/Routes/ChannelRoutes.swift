import ChannelHub
import NIOCore
import PusherProtocol
import ServerCore

/// Questions about channels (Pusher Channels docs, "HTTP API", "Channels" and "Users").
struct ChannelRoutes {
    let hub: ChannelHub

    /// Answers a verified call.
    func reply(to call: APICall) throws(HTTPFailure) -> HTTPReply {
        switch call.route {
        case .channels: try list(call)
        case .channel(_, let name): try describe(name, call)
        case .channelUsers(_, let name): try listUsers(of: name, call)
        case .channelStatistics(_, let name): try describeStatistics(of: name, call)
        default: throw .notFound("Path not found")
        }
    }

    private func list(_ call: APICall) throws(HTTPFailure) -> HTTPReply {
        let prefix = call.target.query.value(of: "filter_by_prefix") ?? ""
        let info = try InfoAttributes(ofQuery: call.target.query.value(of: "info"))
        try info.checkListing(prefix: prefix, countsSubscriptions: call.countsSubscriptions)
        return .channels(
            hub.channels(of: call.app, prefix: prefix).lazy.map { name, counts in
                (name, ChannelAttributes(counts, info: info, kind: ChannelKind(name: name)))
            }
        )
    }

    private func describe(_ name: String, _ call: APICall) throws(HTTPFailure) -> HTTPReply {
        let kind = try call.kind(of: name)
        let info = try InfoAttributes(ofQuery: call.target.query.value(of: "info"))
        try info.checkChannel(kind, countsSubscriptions: call.countsSubscriptions)
        let counts = hub.counts(of: name, app: call.app)
        return .channel(
            isOccupied: counts.subscriptions > 0,
            attributes: ChannelAttributes(counts, info: info, kind: kind),
            cache: info.contains(.cache) ? cache(of: name, call) : .notAsked
        )
    }

    private func cache(of name: String, _ call: APICall) -> CacheAttribute {
        guard let cached = hub.cachedEvent(of: name, app: call.app) else { return .empty }
        let seconds = Int(cached.remaining.nanoseconds / 1_000_000_000)
        return .event(escapedData: cached.escapedData, ttlSeconds: seconds)
    }

    private func listUsers(of name: String, _ call: APICall) throws(HTTPFailure) -> HTTPReply {
        guard try call.kind(of: name).isPresence else {
            throw .badRequest("Users can only be retrieved for presence channels")
        }
        return .users(hub.userIDs(of: name, app: call.app))
    }

    private func describeStatistics(of name: String, _ call: APICall) throws(HTTPFailure) -> HTTPReply {
        let kind = try call.kind(of: name)
        let counts = hub.counts(of: name, app: call.app)
        return .channelStatistics(
            isOccupied: counts.subscriptions > 0,
            userCount: kind.isPresence ? counts.users : nil,
            connectionCount: call.countsSubscriptions ? counts.subscriptions : nil
        )
    }
}

extension APICall {
    /// The app tells how many connections a channel has.
    var countsSubscriptions: Bool { policies.app.features.sendsSubscriptionCount }

    /// The kind of a channel whose name has been checked.
    func kind(of name: String) throws(HTTPFailure) -> ChannelKind {
        guard ChannelName.isValid(name, maxBytes: policies.app.limits.maxChannelNameBytes) else {
            throw .badRequest("Invalid channel name")
        }
        return ChannelKind(name: name)
    }
}

extension ChannelAttributes {
    /// The counts of a channel as far as they are asked for and mean something.
    init(_ counts: ChannelCounts, info: InfoAttributes, kind: ChannelKind) {
        self.init(
            userCount: info.contains(.userCount) && kind.isPresence ? counts.users : nil,
            subscriptionCount: info.contains(.subscriptionCount) ? counts.subscriptions : nil
        )
    }
}
