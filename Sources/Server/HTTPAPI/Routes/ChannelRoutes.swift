import ChannelHub
import NIOCore
import NIOHTTP1
import PusherProtocol
import ServerCore

/// Questions about channels (Pusher Channels docs, "HTTP API", "Channels" and "Users").
struct ChannelRoutes {
    let hub: ChannelHub

    /// Answers a verified call; in a cluster, for all nodes.
    func reply(to call: APICall) async -> HTTPReply {
        do throws(HTTPFailure) {
            return switch call.route {
            case .channels: try await list(call)
            case .channel(_, let name): try await describe(name, call)
            case .channelUsers(_, let name): try await listUsers(of: name, call)
            case .channelStatistics(_, let name): try await describeStatistics(of: name, call)
            default: throw .notFound("Path not found")
            }
        } catch {
            return error.reply
        }
    }

    /// Asks the hub; a cluster that cannot be asked is no reason to give the numbers of one node for those of all.
    private func ask<Answer>(_ body: () async throws(BackendError) -> Answer) async throws(HTTPFailure) -> Answer {
        do throws(BackendError) {
            return try await body()
        } catch {
            var failure = HTTPFailure(.serviceUnavailable, "The other nodes cannot be asked now")
            failure.retryAfterSeconds = 1
            throw failure
        }
    }

    private func counts(of name: String, _ call: APICall) async throws(HTTPFailure) -> ChannelCounts {
        try await ask { () async throws(BackendError) in
            try await hub.sharedCounts(of: [name], app: call.app).first ?? ChannelCounts(subscriptions: 0, users: 0)
        }
    }

    private func list(_ call: APICall) async throws(HTTPFailure) -> HTTPReply {
        let prefix = call.target.query.value(of: "filter_by_prefix") ?? ""
        let info = try InfoAttributes(ofQuery: call.target.query.value(of: "info"))
        try info.checkListing(prefix: prefix, countsSubscriptions: call.countsSubscriptions)
        let channels = try await ask { () async throws(BackendError) in
            try await hub.sharedChannels(of: call.app, prefix: prefix)
        }
        return .channels(
            channels.lazy.map { name, counts in
                (name, ChannelAttributes(counts, info: info, kind: ChannelKind(name: name)))
            }
        )
    }

    private func describe(_ name: String, _ call: APICall) async throws(HTTPFailure) -> HTTPReply {
        let kind = try call.kind(of: name)
        let info = try InfoAttributes(ofQuery: call.target.query.value(of: "info"))
        try info.checkChannel(kind, countsSubscriptions: call.countsSubscriptions)
        let counts = try await counts(of: name, call)
        return .channel(
            isOccupied: counts.subscriptions > 0,
            attributes: ChannelAttributes(counts, info: info, kind: kind),
            cache: info.contains(.cache) ? try await cache(of: name, call) : .notAsked
        )
    }

    private func cache(of name: String, _ call: APICall) async throws(HTTPFailure) -> CacheAttribute {
        let cached = try await ask { () async throws(BackendError) in
            try await hub.sharedCachedEvent(of: name, app: call.app)
        }
        guard let cached else { return .empty }
        let seconds = Int(cached.remaining.nanoseconds / 1_000_000_000)
        return .event(escapedData: cached.escapedData, ttlSeconds: seconds)
    }

    private func listUsers(of name: String, _ call: APICall) async throws(HTTPFailure) -> HTTPReply {
        guard try call.kind(of: name).isPresence else {
            throw .badRequest("Users can only be retrieved for presence channels")
        }
        return .users(
            try await ask { () async throws(BackendError) in try await hub.sharedUserIDs(of: name, app: call.app) }
        )
    }

    private func describeStatistics(of name: String, _ call: APICall) async throws(HTTPFailure) -> HTTPReply {
        let kind = try call.kind(of: name)
        let counts = try await counts(of: name, call)
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
