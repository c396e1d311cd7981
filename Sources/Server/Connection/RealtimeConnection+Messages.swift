import ChannelHub
import CoreMetrics
import Logging
import NIOCore
import PusherProtocol
import ServerCore

extension RealtimeConnection {
    /// Handles one text message; what is wrong with it is told to the client, and the connection stays open.
    func receiveText(_ bytes: UnsafeRawBufferPointer, from subscriber: Subscriber) {
        let policies = subscriber.app.current
        guard admitsMessage(policies) else { return }
        do throws(PusherError) {
            let message = try ClientMessage(bytes)
            trace(message, bytes: bytes.count)
            switch message {
            case .ping: loop.shard.send(ServerMessage.pong, to: subscriber)
            case .pong: break
            case .subscribe(let request): subscribe(request, subscriber, policies)
            case .unsubscribe(let channel):
                loop.shard.unsubscribe(subscriber, from: channel)
                debug("unsubscribed", channel: channel)
            case .signin(let request): try signIn(request, subscriber, policies)
            case .clientEvent(let event): try relay(event, subscriber, policies)
            case .unsupported(let event):
                throw PusherError("Unsupported event received on socket: '\(event.prefix(200))'")
            }
        } catch {
            countError("message_parse_error")
            debug("message refused", reason: error.message)
            // Where the refusal has closed the connection, its close frame is the last word.
            guard isOpen else { return }
            loop.shard.send(ServerMessage.error(error), to: subscriber)
        }
    }

    private func admitsMessage(_ policies: AppSnapshot) -> Bool {
        guard let limit = policies.app.limits.messageRate,
            !messageCounter.admits(limit: limit.maxMessages, windowSeconds: limit.windowSeconds, now: loop.now)
        else { return true }
        countError("message_rate_limited")
        if limit.terminatesOnLimit {
            close(code: CloseCode.overCapacity.rawValue, reason: "The message rate limit is exceeded")
        } else if let subscriber {
            let error = PusherError(code: 4301, "The message rate limit is exceeded")
            loop.shard.send(ServerMessage.error(error), to: subscriber)
        }
        return false
    }

    // MARK: Subscribing

    private func subscribe(_ request: SubscribeRequest, _ subscriber: Subscriber, _ policies: AppSnapshot) {
        let name = request.channel
        guard !loop.shard.isSubscribed(subscriber, to: name) else {
            // The channel's handlers are not told: the subscription that they know of goes on.
            let error = PusherError("Existing subscription to channel \(name)")
            loop.shard.send(ServerMessage.error(error), to: subscriber)
            return
        }
        do throws(PusherError) {
            guard ChannelName.isValid(name, maxBytes: policies.app.limits.maxChannelNameBytes) else {
                throw PusherError("Invalid channel name: '\(name.prefix(200))'")
            }
            let kind = ChannelKind(name: name)
            let member = try authorize(request, kind: kind, subscriber, policies)
            try loop.shard.subscribe(subscriber, to: name, kind: kind, member: member, policies: policies)
            isAuthorized = isAuthorized || kind.needsAuthorization
            debug("subscribed", channel: name)
        } catch {
            countError("authentication_failed")
            debug("subscription refused", channel: name, reason: error.message)
            loop.shard.send(ServerMessage.error(error), to: subscriber)
            loop.shard.send(ServerMessage.subscriptionError(error, channel: name, status: 401), to: subscriber)
        }
    }

    /// Checks that the connection may join; returns who it is, on presence channels.
    private func authorize(
        _ request: SubscribeRequest,
        kind: ChannelKind,
        _ subscriber: Subscriber,
        _ policies: AppSnapshot
    ) throws(PusherError) -> PresenceMember? {
        let name = request.channel
        if kind.access == .serverToUser {
            guard let user, ChannelName.userID(ofServerToUserChannel: name) == user.id else {
                throw PusherError("Not signed in as the user of \(name)")
            }
            return nil
        }
        guard kind.needsAuthorization else { return nil }
        guard let auth = request.auth else { throw PusherError("Auth info required to subscribe to \(name)") }
        let text = AuthString.subscriptionText(
            socketID: subscriber.socketID.description,
            channel: name,
            channelData: request.channelData
        )
        try verify(auth, over: text, purpose: "subscription to \(name)", policies)
        guard kind.isPresence else { return nil }
        let member = try member(request)
        guard member.userID.utf8.count <= Self.maxUserIDBytes else {
            throw PusherError("The user_id for \(name) exceeds \(Self.maxUserIDBytes) bytes")
        }
        let maxInfoBytes = policies.app.limits.maxPresenceMemberBytes
        guard member.userInfo?.count ?? 0 <= maxInfoBytes else {
            throw PusherError("The user_info for \(name) exceeds \(maxInfoBytes) bytes")
        }
        return member
    }

    /// Pusher Channels docs, "Limits": a presence `user_id` has at most 128 characters.
    private static var maxUserIDBytes: Int { 128 }

    private func member(_ request: SubscribeRequest) throws(PusherError) -> PresenceMember {
        if let channelData = request.channelData { return try PresenceMember(channelData: channelData) }
        // A signed-in connection needs no channel data (Pusher protocol 7, "Users").
        guard let user else { throw PusherError("channel_data is required to subscribe to \(request.channel)") }
        return PresenceMember(userID: user.id, userInfo: user.info)
    }

    private func verify(
        _ auth: String,
        over text: String,
        purpose: String,
        _ policies: AppSnapshot
    ) throws(PusherError) {
        guard let auth = AuthString(auth) else {
            throw PusherError("Auth value for \(purpose) is invalid: should be of format 'key:signature'")
        }
        guard auth.key == policies.app.key else {
            throw PusherError("Invalid key in subscription auth data: '\(auth.key.prefix(200))'")
        }
        guard auth.isSigned(over: text, with: policies.keys) else {
            // The expected digest is never shown: it would be the very signature that is missing.
            throw PusherError("Invalid signature: Expected HMAC SHA256 hex digest of \(text.prefix(400))")
        }
    }

    // MARK: Users

    private func signIn(
        _ request: SigninRequest,
        _ subscriber: Subscriber,
        _ policies: AppSnapshot
    ) throws(PusherError) {
        let text = AuthString.signinText(socketID: subscriber.socketID.description, userData: request.userData)
        try verify(request.auth, over: text, purpose: "sign-in", policies)
        var data = try UserData(request.userData)
        guard data.id.utf8.count <= Self.maxUserIDBytes else {
            throw PusherError("The user id exceeds \(Self.maxUserIDBytes) bytes")
        }
        if let user, user.id != data.id {
            throw PusherError("The connection is already signed in as another user")
        }
        let maxWatched = services.hub.configuration.maxWatchlistUsers
        let isTruncated = data.watchlist.count > maxWatched
        data.watchlist = policies.app.features.sendsWatchlistEvents ? Array(data.watchlist.prefix(maxWatched)) : []
        user = data
        isAuthorized = true
        var greeting = [ServerMessage.signinSuccess(userData: request.userData)]
        if isTruncated, policies.app.features.sendsWatchlistEvents {
            greeting.append(ServerMessage.error(.watchlistTruncated(to: maxWatched)))
        }
        loop.shard.signIn(subscriber, as: data.id, watchlist: data.watchlist, greeting: greeting)
        debug("signed in")
    }

    // MARK: Client events

    private func relay(
        _ event: ClientEvent,
        _ subscriber: Subscriber,
        _ policies: AppSnapshot
    ) throws(PusherError) {
        let limits = policies.app.limits
        guard policies.app.features.allowsClientEvents else {
            throw PusherError(
                "To send client events, you must enable this feature in the Settings page of your dashboard."
            )
        }
        let kind = ChannelKind(name: event.channel)
        guard kind.takesClientEvents else {
            throw PusherError("Client events are only supported on private and presence channels")
        }
        guard loop.shard.isEstablished(subscriber, in: event.channel) else {
            throw PusherError(
                "Cannot broadcast client event (connection not subscribed to channel \(event.channel.prefix(200)))"
            )
        }
        guard event.name.utf8.count <= limits.maxEventNameBytes else {
            throw PusherError("The event name exceeds \(limits.maxEventNameBytes) bytes")
        }
        guard event.dataBytes <= limits.maxEventPayloadBytes else {
            throw PusherError("The data of the client event exceeds \(limits.maxEventPayloadBytes) bytes")
        }
        guard admitsClientEvent(limits) else { throw .clientEventRateLimit }
        guard !services.hub.isCongested else { throw PusherError("The server is behind with its deliveries") }
        send(event, kind: kind, subscriber, policies)
    }

    private func admitsClientEvent(_ limits: AppLimits) -> Bool {
        guard limits.maxClientEventsPerSecond > 0,
            !clientEventCounter.admits(
                limit: limits.maxClientEventsPerSecond,
                windowSeconds: limits.clientEventWindowSeconds,
                now: loop.now
            )
        else { return true }
        if limits.terminatesOnClientEventLimit {
            close(code: CloseCode.overCapacity.rawValue, reason: PusherError.clientEventRateLimit.message)
        }
        return false
    }

    private func send(_ event: ClientEvent, kind: ChannelKind, _ subscriber: Subscriber, _ policies: AppSnapshot) {
        let userID = kind.isPresence ? loop.shard.userID(of: subscriber, in: event.channel) : nil
        var escapedName: [UInt8] = []
        escapedName.appendJSONStringContent(event.name)
        let frame = escapedName.withUnsafeBytes { name in
            event.escapedData.withUnsafeBytes { data in
                ServerMessage.applicationEvent(
                    escapedName: name,
                    channel: event.channel,
                    escapedData: data,
                    userID: userID
                )
            }
        }
        services.hub.relay(frame, to: event.channel, app: subscriber.app, from: subscriber.socketID)
        debug("client event relayed", channel: event.channel)
        guard policies.webhookTypes.contains(.clientEvent) else { return }
        services.hub.emit(
            WebhookEvent(
                appID: subscriber.app.id,
                channel: event.channel,
                content: .clientEvent(
                    name: event.name,
                    data: event.data,
                    socketID: subscriber.socketID.description,
                    userID: userID
                )
            )
        )
    }
}
