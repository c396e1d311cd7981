import ChannelHub
import CoreMetrics
import Logging
import NIOCore
import NIOHTTP1
import PusherProtocol
import ServerCore

/// Publishing (Pusher Channels docs, "HTTP API", "Events").
///
/// Everything in a request is checked before the first event goes out: a refused request has sent nothing.
struct PublishRoutes {
    let services: ServerServices
    let eventLoop: any EventLoop

    /// Answers a verified call.
    func respond(
        to call: APICall,
        form: QueryString.Form,
        _ complete: @escaping (HTTPReply) -> Void
    ) throws(HTTPFailure) {
        guard !services.hub.isCongested else { throw Self.congestion }
        guard services.hub.canPublish else { throw Self.isolation }
        let limits = call.policies.app.limits
        let keyBytes = services.configuration.idempotency.maxKeyBytes
        if case .publishBatch = call.route {
            let batch = try BatchRequest(body: call.request.body, limits: limits, maxKeyBytes: keyBytes)
            try respond(to: batch, call, complete)
            return
        }
        let event = try event(of: call, form: form, limits: limits, keyBytes: keyBytes)
        let key = try idempotencyKey(call, body: event.idempotencyKey)
        guard key != nil else {
            publish(event, call, complete)
            return
        }
        once(key, kind: "idempotency", call, complete) { self.publish(event, call, $0) }
    }

    private static var congestion: HTTPFailure {
        var failure = HTTPFailure(.serviceUnavailable, "The server is behind with its deliveries")
        failure.retryAfterSeconds = 1
        return failure
    }

    private static var isolation: HTTPFailure {
        var failure = HTTPFailure(.serviceUnavailable, "The other nodes cannot be reached now")
        failure.retryAfterSeconds = 1
        return failure
    }

    private func event(
        of call: APICall,
        form: QueryString.Form,
        limits: AppLimits,
        keyBytes: Int
    ) throws(HTTPFailure) -> PublishRequest {
        let body = call.request.body
        if case .publishRaw(_, let channel) = call.route {
            return try PublishRequest(
                rawBody: body,
                channel: channel,
                query: call.target.query,
                form: form,
                limits: limits
            )
        }
        guard body.readableBytes > 0 else {
            return try PublishRequest(query: call.target.query, form: form, limits: limits, maxKeyBytes: keyBytes)
        }
        return try PublishRequest(body: body, limits: limits, maxKeyBytes: keyBytes)
    }

    private func publish(_ event: PublishRequest, _ call: APICall, _ complete: @escaping (HTTPReply) -> Void) {
        let counts = send(event, call)
        if case .publishRaw = call.route { return complete(HTTPReply(empty: .accepted)) }
        guard !event.info.isEmpty else { return complete(.emptyObject) }
        withCounts(of: event.channels, counts, call) { counts in
            complete(
                .channels(
                    zip(event.channels, counts).lazy.map { name, counts in
                        (name, attributes(of: name, counts, event, call))
                    }
                )
            )
        }
    }

    /// Calls the closure with the counts of all nodes; where those cannot be asked, nothing is better than the counts
    /// of this one, for the event is published and must not be published again.
    private func withCounts(
        of channels: [String],
        _ own: [ChannelCounts],
        _ call: APICall,
        _ body: @escaping ([ChannelCounts?]) -> Void
    ) {
        guard services.hub.isShared else { return body(own) }
        let hub = services.hub
        let app = call.app
        eventLoop.makeFutureWithTask { try await hub.sharedCounts(of: channels, app: app) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let counts): body(counts)
                case .failure: body(own.map { _ in nil })
                }
            }
    }

    private func respond(
        to batch: BatchRequest,
        _ call: APICall,
        _ complete: @escaping (HTTPReply) -> Void
    ) throws(HTTPFailure) {
        let key = try idempotencyKey(call, body: nil)
        let keys = batch.events.compactMap(\.idempotencyKey)
        guard !keys.isEmpty, services.configuration.idempotency.isEnabled else {
            once(key, kind: "batch-idempotency", call, complete) {
                self.publish(batch.events, skipping: [], call, $0)
            }
            return
        }
        let guardian = idempotency(call)
        let events = batch.events
        eventLoop.makeFutureWithTask { () async throws(BackendError) -> Set<Int> in
            var duplicates: Set<Int> = []
            for (index, event) in events.enumerated() {
                guard let key = event.idempotencyKey else { continue }
                if try await !guardian.claim(key) { duplicates.insert(index) }
            }
            return duplicates
        }.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let duplicates):
                self.once(key, kind: "batch-idempotency", call, complete) {
                    self.publish(events, skipping: duplicates, call, $0)
                }
            case .failure: complete(Idempotency.unavailable.reply)
            }
        }
    }

    private func publish(
        _ events: [PublishRequest],
        skipping duplicates: Set<Int>,
        _ call: APICall,
        _ complete: @escaping (HTTPReply) -> Void
    ) {
        call.app.metrics.idempotencyDuplicates.increment(by: Int64(duplicates.count))
        let sent = events.enumerated().filter { !duplicates.contains($0.offset) }
        let counts = sent.map { send($0.element, call).first ?? ChannelCounts(subscriptions: 0, users: 0) }
        guard events.contains(where: { !$0.info.isEmpty }) else { return complete(.emptyObject) }
        withCounts(of: sent.map { $0.element.channels.first ?? "" }, counts, call) { counts in
            var answers = events.map { _ in ChannelAttributes() }
            for ((index, event), counts) in zip(sent, counts) {
                guard let name = event.channels.first else { continue }
                answers[index] = attributes(of: name, counts, event, call)
            }
            complete(.batch(answers))
        }
    }

    /// Hands an event to the hub; returns the counts of its channels, in their order.
    private func send(_ event: PublishRequest, _ call: APICall) -> [ChannelCounts] {
        let data = event.data.escaped
        var name: [UInt8] = []
        name.appendJSONStringContent(event.name)
        let except = event.socketID.flatMap { SocketID($0) }
        return event.channels.map { channel in
            let frame = name.withUnsafeBytes { name in
                data.withUnsafeBytes { data in
                    ServerMessage.applicationEvent(escapedName: name, channel: channel, escapedData: data)
                }
            }
            trace(event, channel: channel, call)
            let prepared = PreparedEvent(frame: frame, escapedData: data)
            return services.hub.publish(prepared, to: channel, app: call.app, except: except)
        }
    }

    private func trace(_ event: PublishRequest, channel: String, _ call: APICall) {
        guard services.logger.logLevel <= .debug else { return }
        services.logger.debug(
            "event published",
            metadata: .init([
                .appID: "\(call.app.id)", .channelName: "\(channel)", .eventName: "\(event.name)",
                .frameBytes: "\(event.data.byteCount)",
            ])
        )
    }

    private func attributes(
        of name: String,
        _ counts: ChannelCounts?,
        _ event: PublishRequest,
        _ call: APICall
    ) -> ChannelAttributes {
        guard let counts else { return ChannelAttributes() }
        let kind = ChannelKind(name: name)
        let info = event.info.applicable(to: kind, countsSubscriptions: call.countsSubscriptions)
        return ChannelAttributes(counts, info: info, kind: kind)
    }

    // MARK: Idempotency

    private func idempotency(_ call: APICall) -> Idempotency {
        let ttl = call.policies.app.idempotency.ttlSeconds ?? services.configuration.idempotency.ttlSeconds
        return Idempotency(cache: services.backends.cache, appID: call.app.id, ttl: .seconds(ttl))
    }

    /// The key in force: the body's, else the header's; `nil` where there is none or the app has switched it off.
    private func idempotencyKey(_ call: APICall, body: String?) throws(HTTPFailure) -> String? {
        let isEnabled = call.policies.app.idempotency.isEnabled ?? services.configuration.idempotency.isEnabled
        guard isEnabled, let key = body ?? call.request.headers.first(name: "x-idempotency-key"), !key.isEmpty else {
            return nil
        }
        let limit = services.configuration.idempotency.maxKeyBytes
        guard key.utf8.count <= limit else {
            throw .badRequest("The idempotency key exceeds \(limit) bytes")
        }
        return key
    }

    /// Performs the work unless a request with the same key has been answered, whose answer is given again.
    private func once(
        _ key: String?,
        kind: String,
        _ call: APICall,
        _ complete: @escaping (HTTPReply) -> Void,
        _ work: @escaping (@escaping (HTTPReply) -> Void) -> Void
    ) {
        guard let key else { return work(complete) }
        let guardian = idempotency(call)
        call.app.metrics.idempotencyPublishes.increment(by: 1)
        eventLoop.makeFutureWithTask { try await guardian.begin(key, kind: kind) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(.first):
                    work { reply in
                        eventLoop.makeFutureWithTask { try await guardian.finish(key, kind: kind, reply: reply) }
                            .assumeIsolated().whenComplete { _ in complete(reply) }
                    }
                case .success(.duplicate(let reply)):
                    call.app.metrics.idempotencyDuplicates.increment(by: 1)
                    complete(reply)
                case .success(.stillRunning), .failure:
                    complete(Idempotency.unavailable.reply)
                }
            }
    }
}
