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

    /// Answers a verified call at once, or returns `nil` and calls the closure when the cache has been asked.
    func respond(
        to call: APICall,
        form: QueryString.Form,
        _ later: @escaping HTTPResponder.Completion
    ) throws(HTTPFailure) -> HTTPReply? {
        guard !services.hub.isCongested else { throw Self.congestion }
        guard services.hub.canPublish else { throw Self.isolation }
        let limits = call.policies.app.limits
        let keyBytes = services.configuration.idempotency.maxKeyBytes
        if case .publishBatch = call.route {
            let batch = try BatchRequest(body: call.request.body, limits: limits, maxKeyBytes: keyBytes)
            return try respond(to: batch, call, later)
        }
        let event = try event(of: call, form: form, limits: limits, keyBytes: keyBytes)
        guard let key = try idempotencyKey(call, body: event.idempotencyKey) else {
            return answer(publish(event, call), call, later)
        }
        once(key, kind: "idempotency", call, call.counting(later)) { self.publish(event, call) }
        return nil
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

    /// What a publish is answered with.
    private enum Answer {
        case now(HTTPReply)
        /// The answer tells the counts of some channels on all nodes.
        case whenCounted([String], ([ChannelCounts?]) -> HTTPReply)
    }

    /// Returns an answer that is there, or gives it later.
    private func answer(_ answer: Answer, _ call: APICall, _ later: @escaping HTTPResponder.Completion) -> HTTPReply? {
        if case .now(let reply) = answer { return reply }
        settle(answer, call, call.counting(later))
        return nil
    }

    /// Gives an answer when it is there.
    ///
    /// Where the nodes cannot be asked, no counts are better than those of this one; the event is published and must not
    /// be published again.
    private func settle(_ answer: Answer, _ call: APICall, _ complete: @escaping (HTTPReply) -> Void) {
        switch answer {
        case .now(let reply):
            complete(reply)
        case .whenCounted(let channels, let reply):
            let hub = services.hub
            let app = call.app
            eventLoop.makeFutureWithTask { try await hub.sharedCounts(of: channels, app: app) }
                .assumeIsolated().whenComplete { result in
                    switch result {
                    case .success(let counts): complete(reply(counts))
                    case .failure: complete(reply(channels.map { _ in nil }))
                    }
                }
        }
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

    private func publish(_ event: PublishRequest, _ call: APICall) -> Answer {
        var counts: [ChannelCounts] = []
        send(event, call) { if !event.info.isEmpty { counts.append($0) } }
        if case .publishRaw = call.route { return .now(HTTPReply(empty: .accepted)) }
        guard !event.info.isEmpty else { return .now(.emptyObject) }
        let reply = { (counts: [ChannelCounts?]) in
            HTTPReply.channels(
                zip(event.channels, counts).lazy.map { channel, counts in
                    (name: channel, attributes: attributes(of: channel, counts, event, call))
                }
            )
        }
        return services.hub.isShared ? .whenCounted(event.channels, reply) : .now(reply(counts))
    }

    private func respond(
        to batch: BatchRequest,
        _ call: APICall,
        _ later: @escaping HTTPResponder.Completion
    ) throws(HTTPFailure) -> HTTPReply? {
        let counted = call.counting(later)
        let key = try idempotencyKey(call, body: nil)
        let events = batch.events
        guard services.configuration.idempotency.isEnabled, events.contains(where: { $0.idempotencyKey != nil }) else {
            guard let key else {
                return answer(publish(events, skipping: [], call), call, later)
            }
            once(key, kind: "batch-idempotency", call, counted) { self.publish(events, skipping: [], call) }
            return nil
        }
        let guardian = idempotency(call)
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
                guard let key else {
                    self.settle(self.publish(events, skipping: duplicates, call), call, counted)
                    return
                }
                self.once(key, kind: "batch-idempotency", call, counted) {
                    self.publish(events, skipping: duplicates, call)
                }
            case .failure: counted(Idempotency.unavailable.reply)
            }
        }
        return nil
    }

    private func publish(_ events: [PublishRequest], skipping duplicates: Set<Int>, _ call: APICall) -> Answer {
        call.app.metrics.idempotencyDuplicates.increment(by: Int64(duplicates.count))
        let sent = events.enumerated().filter { !duplicates.contains($0.offset) }
        var own: [ChannelCounts] = []
        for (_, event) in sent {
            send(event, call) { own.append($0) }
        }
        guard events.contains(where: { !$0.info.isEmpty }) else { return .now(.emptyObject) }
        let channels = sent.flatMap { $0.element.channels }
        let reply = { (counts: [ChannelCounts?]) in
            var answers = events.map { _ in ChannelAttributes() }
            for ((index, event), (channel, counts)) in zip(sent, zip(channels, counts)) {
                answers[index] = attributes(of: channel, counts, event, call)
            }
            return HTTPReply.batch(answers)
        }
        return services.hub.isShared ? .whenCounted(channels, reply) : .now(reply(own))
    }

    /// Hands an event to the hub; calls the closure with this node's counts of each of its channels, in their order.
    private func send(_ event: PublishRequest, _ call: APICall, _ took: (ChannelCounts) -> Void) {
        let except = event.socketID.flatMap { SocketID($0) }
        // What the event's frames have in common is made once, for the first channel that wants one.
        var pieces: (name: [UInt8], data: [UInt8])?
        for channel in event.channels {
            trace(event, channel: channel, call)
            let counts = services.hub.publish(
                Self.prepare(event, channel: channel, &pieces),
                to: channel,
                app: call.app,
                except: except
            )
            took(counts)
        }
    }

    private static func prepare(
        _ event: PublishRequest,
        channel: String,
        _ pieces: inout (name: [UInt8], data: [UInt8])?
    ) -> PreparedEvent {
        let (name, data) = pieces ?? (Self.escaped(event.name), event.data.escaped)
        pieces = (name, data)
        let frame = name.withUnsafeBytes { name in
            data.withUnsafeBytes { data in
                ServerMessage.applicationEvent(escapedName: name, channel: channel, escapedData: data)
            }
        }
        return PreparedEvent(frame: frame, escapedData: data)
    }

    private static func escaped(_ name: String) -> [UInt8] {
        var escaped: [UInt8] = []
        escaped.appendJSONStringContent(name)
        return escaped
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
        guard isEnabled else { return nil }
        let head = call.request.head
        let field = head.marks.contains(.idempotencyKey) ? head.headers.first(name: "x-idempotency-key") : nil
        guard let key = body ?? field, !key.isEmpty else { return nil }
        let limit = services.configuration.idempotency.maxKeyBytes
        guard key.utf8.count <= limit else {
            throw .badRequest("The idempotency key exceeds \(limit) bytes")
        }
        return key
    }

    /// Performs the work unless a request with the same key has been answered, whose answer is given again.
    private func once(
        _ key: String,
        kind: String,
        _ call: APICall,
        _ complete: @escaping (HTTPReply) -> Void,
        _ work: @escaping () -> Answer
    ) {
        let guardian = idempotency(call)
        call.app.metrics.idempotencyPublishes.increment(by: 1)
        eventLoop.makeFutureWithTask { try await guardian.begin(key, kind: kind) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(.first):
                    settle(work(), call) { reply in
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
