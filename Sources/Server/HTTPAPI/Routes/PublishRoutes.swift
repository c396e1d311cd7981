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
            complete(publish(event, call))
            return
        }
        once(key, kind: "idempotency", call, complete) { self.publish(event, call) }
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
        let counts = send(event, call)
        if case .publishRaw = call.route { return HTTPReply(empty: .accepted) }
        guard !event.info.isEmpty else { return .emptyObject }
        return .channels(
            zip(event.channels, counts).lazy.map { name, counts in (name, attributes(of: name, counts, event, call)) }
        )
    }

    private func respond(
        to batch: BatchRequest,
        _ call: APICall,
        _ complete: @escaping (HTTPReply) -> Void
    ) throws(HTTPFailure) {
        let key = try idempotencyKey(call, body: nil)
        let keys = batch.events.compactMap(\.idempotencyKey)
        guard !keys.isEmpty, services.configuration.idempotency.isEnabled else {
            once(key, kind: "batch-idempotency", call, complete) { self.publish(batch.events, skipping: [], call) }
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
                    self.publish(events, skipping: duplicates, call)
                }
            case .failure: complete(Idempotency.unavailable.reply)
            }
        }
    }

    private func publish(_ events: [PublishRequest], skipping duplicates: Set<Int>, _ call: APICall) -> HTTPReply {
        call.app.metrics.idempotencyDuplicates.increment(by: Int64(duplicates.count))
        let answers = events.enumerated().map { index, event -> ChannelAttributes in
            guard !duplicates.contains(index) else { return ChannelAttributes() }
            let counts = send(event, call)
            guard let name = event.channels.first, let first = counts.first else { return ChannelAttributes() }
            return attributes(of: name, first, event, call)
        }
        return events.contains { !$0.info.isEmpty } ? .batch(answers) : .emptyObject
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
        _ work: @escaping () -> HTTPReply
    ) {
        guard let key else {
            complete(work())
            return
        }
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
