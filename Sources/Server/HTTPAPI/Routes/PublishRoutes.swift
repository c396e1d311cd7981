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
        let limits = call.policies.app.limits
        let keyBytes = services.configuration.idempotency.maxKeyBytes
        if case .publishBatch = call.route {
            let batch = try BatchRequest(body: call.request.body, limits: limits, maxKeyBytes: keyBytes)
            return try respond(to: batch, call, later)
        }
        let event = try event(of: call, form: form, limits: limits, keyBytes: keyBytes)
        guard let key = try idempotencyKey(call, body: event.idempotencyKey) else { return publish(event, call) }
        once(key, kind: "idempotency", call, call.counting(later)) { self.publish(event, call) }
        return nil
    }

    private static var congestion: HTTPFailure {
        var failure = HTTPFailure(.serviceUnavailable, "The server is behind with its deliveries")
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

    private func publish(_ event: PublishRequest, _ call: APICall) -> HTTPReply {
        var answers: [(name: String, attributes: ChannelAttributes)] = []
        send(event, call) { channel, counts in
            guard !event.info.isEmpty else { return }
            answers.append((channel, attributes(of: channel, counts, event, call)))
        }
        if case .publishRaw = call.route { return HTTPReply(empty: .accepted) }
        return event.info.isEmpty ? .emptyObject : .channels(answers)
    }

    private func respond(
        to batch: BatchRequest,
        _ call: APICall,
        _ later: @escaping HTTPResponder.Completion
    ) throws(HTTPFailure) -> HTTPReply? {
        let later = call.counting(later)
        let key = try idempotencyKey(call, body: nil)
        let events = batch.events
        guard services.configuration.idempotency.isEnabled, events.contains(where: { $0.idempotencyKey != nil }) else {
            guard let key else { return publish(events, skipping: [], call) }
            once(key, kind: "batch-idempotency", call, later) { self.publish(events, skipping: [], call) }
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
                    later(self.publish(events, skipping: duplicates, call))
                    return
                }
                self.once(key, kind: "batch-idempotency", call, later) {
                    self.publish(events, skipping: duplicates, call)
                }
            case .failure: later(Idempotency.unavailable.reply)
            }
        }
        return nil
    }

    private func publish(_ events: [PublishRequest], skipping duplicates: Set<Int>, _ call: APICall) -> HTTPReply {
        call.app.metrics.idempotencyDuplicates.increment(by: Int64(duplicates.count))
        let answers = events.enumerated().map { index, event -> ChannelAttributes in
            guard !duplicates.contains(index) else { return ChannelAttributes() }
            var answer = ChannelAttributes()
            send(event, call) { channel, counts in answer = attributes(of: channel, counts, event, call) }
            return answer
        }
        return events.contains { !$0.info.isEmpty } ? .batch(answers) : .emptyObject
    }

    /// Hands an event to the hub; calls the closure with the counts of each of its channels, in their order.
    private func send(_ event: PublishRequest, _ call: APICall, _ took: (String, ChannelCounts) -> Void) {
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
            took(channel, counts)
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
        _ counts: ChannelCounts,
        _ event: PublishRequest,
        _ call: APICall
    ) -> ChannelAttributes {
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
        _ work: @escaping () -> HTTPReply
    ) {
        let guardian = idempotency(call)
        call.app.metrics.idempotencyPublishes.increment(by: 1)
        eventLoop.makeFutureWithTask { try await guardian.begin(key, kind: kind) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(.first):
                    let reply = work()
                    eventLoop.makeFutureWithTask { try await guardian.finish(key, kind: kind, reply: reply) }
                        .assumeIsolated().whenComplete { _ in complete(reply) }
                case .success(.duplicate(let reply)):
                    call.app.metrics.idempotencyDuplicates.increment(by: 1)
                    complete(reply)
                case .success(.stillRunning), .failure:
                    complete(Idempotency.unavailable.reply)
                }
            }
    }
}
