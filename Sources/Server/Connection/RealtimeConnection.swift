import ChannelHub
import CoreMetrics
import Logging
import NIOCore
import PusherProtocol
import ServerCore

/// One WebSocket connection, from its upgrade to its end: the only handler in its channel besides TLS.
///
/// It moves bytes and keeps the connection's life; what messages mean is in `RealtimeConnection+Messages`.
/// Threading: its channel's event loop only.
final class RealtimeConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let services: ServerServices
    let loop: LoopServices
    /// The address that limits and logs see.
    let clientAddress: String
    private(set) var phase: Phase
    private(set) var liveness: LivenessState
    var user: UserData?
    var isAuthorized = false
    var messageCounter = MessageCounter()
    var clientEventCounter = MessageCounter()
    private var decoder: WebSocketDecoder
    private var context: ChannelHandlerContext?
    private var isAdmitted = false
    /// What the peer still sends is discarded.
    private var isDeaf = false
    private let sendsDirectly: Bool

    enum Phase {
        /// The app is being looked up; what the client sends meanwhile waits. Boxed, so that an established connection
        /// does not carry what only its opening needs.
        indirect case joining(Opening)
        case open(Subscriber)
        /// A close frame is sent or due; the subscriber is still in the hub if it ever was.
        case closing(Subscriber?)
        case closed
    }

    /// What a connection needs until it is established.
    struct Opening {
        var request: ConnectionRequest
        /// The answer to the handshake, until it has been written: as a rule it leaves in one write with the first
        /// message.
        var response: ByteBuffer?
        /// The channel's write of the answer, where the first message had to wait.
        var answered: EventLoopFuture<Void>?
    }

    /// The time that a peer has to answer a close frame before the connection is cut.
    private static let closeTimeout = TimeAmount.seconds(5)

    /// Makes the handler of a channel that has just been upgraded.
    ///
    /// `sendsDirectly` is false on TLS.
    init(
        services: ServerServices,
        loop: LoopServices,
        opening: Opening,
        sendsDirectly: Bool
    ) {
        self.services = services
        self.loop = loop
        clientAddress = opening.request.clientAddress
        phase = .joining(opening)
        self.sendsDirectly = sendsDirectly
        liveness = LivenessState(now: loop.now)
        decoder = WebSocketDecoder(maxMessageBytes: services.configuration.webSocket.inboundMessageLimit)
    }

    // MARK: Joining

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard context.channel.isActive, case .joining(let opening) = phase else { return }
        let request = opening.request
        isAdmitted = services.state.admit()
        guard isAdmitted else {
            refuse(.overCapacity, "The server is over its capacity", error: "over_capacity")
            return
        }
        guard case .app(let key) = request.target else {
            refuse(.pathNotFound, CloseCode.pathNotFound.defaultMessage, error: "path_not_found")
            return
        }
        if let code = ProtocolVersion.refusal(
            protocolVersion: request.protocolVersion,
            libraryVersion: request.libraryVersion
        ) {
            refuse(code, code.defaultMessage, error: "unsupported_protocol")
            return
        }
        services.apps.withApp(key: key, on: loop.eventLoop) { self.join($0, key: key) }
        answerHandshake(context)
    }

    /// Answers the handshake while the app is still being looked up.
    private func answerHandshake(_ context: ChannelHandlerContext) {
        guard case .joining(var opening) = phase, let response = opening.response else { return }
        opening.response = nil
        opening.answered = context.writeAndFlush(wrapOutboundOut(response))
        phase = .joining(opening)
    }

    private func join(_ lookup: Result<ActiveApp?, BackendError>, key: String) {
        guard case .joining(let opening) = phase, let context else { return }
        switch lookup {
        case .failure(let error):
            services.logger.warning(
                "app lookup failed",
                metadata: .init([.errorCode: "\(error.code.rawValue)", .errorMessage: "\(error.message)"])
            )
            refuse(.overCapacity, "The app cannot be looked up now", error: "app_lookup_failed")
        case .success(nil):
            refuse(
                .appNotFound,
                "App key \(key) not in this cluster. Did you forget to specify the cluster?",
                error: "app_not_found"
            )
        case .success(let app?):
            admit(app, opening, context: context)
        }
        shardDidChange()
    }

    private func admit(_ app: ActiveApp, _ opening: Opening, context: ChannelHandlerContext) {
        let policies = app.current
        guard policies.app.isEnabled else {
            refuse(.appDisabled, CloseCode.appDisabled.defaultMessage, error: "app_disabled")
            return
        }
        guard OriginPattern.allows(opening.request.origin, by: policies.app.allowedOrigins) else {
            refuse(.unauthorized, "Origin not allowed", error: "origin_not_allowed")
            return
        }
        guard services.hub.sharesQuota(of: app) else {
            establish(app, isAdmitted: app.admitConnection(), context: context)
            return
        }
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        services.hub.admitConnection(to: app, on: loop.eventLoop) { isAdmitted in
            bound.value.establishLater(app, isAdmitted: isAdmitted)
        }
    }

    /// Goes on when the cluster has decided about the connection, which may have ended meanwhile.
    private func establishLater(_ app: ActiveApp, isAdmitted: Bool) {
        guard case .joining = phase, let context else {
            if isAdmitted { services.hub.releaseConnection(of: app) }
            return
        }
        establish(app, isAdmitted: isAdmitted, context: context)
        shardDidChange()
    }

    private func establish(_ app: ActiveApp, isAdmitted: Bool, context: ChannelHandlerContext) {
        guard case .joining(let opening) = phase else { return }
        guard isAdmitted else {
            refuse(.appOverConnectionQuota, CloseCode.appOverConnectionQuota.defaultMessage, error: "over_quota")
            return
        }
        let subscriber = loop.shard.connect(
            self,
            app: app,
            descriptor: descriptor(of: context),
            after: opening.answered
        )
        phase = .open(subscriber)
        let established = ServerMessage.connectionEstablished(
            socketID: subscriber.socketID,
            activityTimeoutSeconds: Int(services.configuration.connection.activityTimeout.components.seconds)
        )
        if let response = opening.response {
            loop.shard.send(response, to: subscriber, count: 0)
        }
        loop.shard.send(established, to: subscriber)
        debug("connection established")
        if app.current.app.features.requiresUserAuthentication {
            scheduleAuthorizationTimeout()
        }
        receiveMessages()
    }

    private func descriptor(of context: ChannelHandlerContext) -> Int32 {
        guard sendsDirectly else { return -1 }
        let descriptor = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        // A channel without a socket of its own, as in tests, is written to like one with TLS.
        return descriptor ?? -1
    }

    private func scheduleAuthorizationTimeout() {
        let timeout = services.configuration.connection.userAuthenticationTimeout.timeAmount
        loop.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let self, case .open = self.phase, !self.isAuthorized else { return }
            self.close(code: CloseCode.unauthorized.rawValue, reason: "Connection not authorized within timeout")
            self.shardDidChange()
        }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        let bytes = unwrapInboundIn(data)
        liveness.heard(now: loop.now)
        subscriber?.app.metrics.receivedBytes.increment(by: Int64(bytes.readableBytes))
        decoder.receive(bytes)
        receiveMessages()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.shard.flush()
        context.fireChannelReadComplete()
    }

    private func receiveMessages() {
        if case .joining = phase, decoder.pendingBytes > services.configuration.webSocket.inboundMessageLimit {
            fail(code: 1009, reason: "Too much was sent before the connection was established")
            return
        }
        do {
            while acceptsMessages, let message = try decoder.next(scratch: &loop.scratch) {
                receive(message)
            }
        } catch {
            countError("invalid_message_format")
            fail(code: error.closeCode, reason: error.message)
        }
    }

    /// Messages wait until the app is known, and count no more once the connection is closing but for a close.
    private var acceptsMessages: Bool {
        switch phase {
        case .joining, .closed: false
        case .open, .closing: true
        }
    }

    private func receive(_ message: WebSocketMessage) {
        if case .close(let code) = message {
            finishClosing(echoing: code)
            return
        }
        guard case .open(let subscriber) = phase else { return }
        switch message {
        case .text:
            subscriber.app.metrics.messagesReceived.increment(by: 1)
            // The buffer is taken out so that handling the message cannot touch it while it is read.
            let text = loop.scratch
            text.withUnsafeReadableBytes { receiveText($0, from: subscriber) }
        case .binary:
            fail(code: 1003, reason: "Binary messages are not supported")
        case .ping:
            var pong = ByteBuffer()
            WebSocketFrame.write(.pong, payload: loop.scratch.readableBytesView, to: &pong)
            loop.shard.send(pong, to: subscriber)
        case .pong, .close:
            break
        }
    }

    // MARK: Liveness

    /// Called once a second.
    func tick() {
        guard case .open(let subscriber) = phase else { return }
        let timeouts = services.configuration.connection
        let action = liveness.tick(
            now: loop.now,
            activityTimeout: UInt32(clamping: timeouts.activityTimeout.components.seconds),
            pongTimeout: UInt32(clamping: timeouts.pongTimeout.components.seconds)
        )
        switch action {
        case .none: break
        case .probe: probe(subscriber)
        case .close:
            let code = CloseCode.pongNotReceived
            beginClosing(code: code.rawValue, reason: code.defaultMessage, announces: true)
        }
    }

    /// Asks with a ping frame, which every WebSocket client answers by itself; the event would reach only those that
    /// handle it.
    private func probe(_ subscriber: Subscriber) {
        var frame = ByteBuffer()
        WebSocketFrame.writeHeader(.ping, payloadBytes: 0, to: &frame)
        loop.shard.send(frame, to: subscriber)
    }

    // MARK: Closing

    /// Refuses a connection whose opening handshake had to succeed, so that the client can read why.
    private func refuse(_ code: CloseCode, _ message: String, error: String) {
        countError(error)
        debug("connection refused", reason: message)
        beginClosing(code: code.rawValue, reason: message, announces: true)
    }

    /// Sends a close frame, with the error event before it where the client should know, and waits for the answer.
    private func beginClosing(code: UInt16, reason: String, announces: Bool) {
        var frames = ByteBuffer()
        if announces {
            frames.writeImmutableBuffer(ServerMessage.error(PusherError(code: code, reason)))
        }
        WebSocketFrame.writeClose(code: code, reason: reason, to: &frames)
        switch phase {
        case .joining(let opening):
            phase = .closing(nil)
            if let response = opening.response {
                context?.write(wrapOutboundOut(response), promise: nil)
            }
            context?.writeAndFlush(wrapOutboundOut(frames), promise: nil)
        case .open(let subscriber):
            phase = .closing(subscriber)
            loop.shard.send(frames, to: subscriber)
            loop.shard.retire(subscriber)
        case .closing, .closed:
            return
        }
        services.metrics.connectionClosed(code: code)
        debug("connection closing", reason: reason)
        scheduleCut()
    }

    /// Ends a connection whose peer broke the WebSocket protocol: a close frame, and nothing is read any more
    /// (RFC 6455 §7.1.7).
    private func fail(code: UInt16, reason: String) {
        isDeaf = true
        beginClosing(code: code, reason: reason, announces: false)
        loop.shard.flush()
        // The peer may have sent more; a full close would reset the connection and destroy the frame on its way.
        context?.close(mode: .output, promise: nil)
    }

    /// Answers the peer's close frame, unless it is the answer to ours, and ends the connection.
    private func finishClosing(echoing code: UInt16?) {
        if case .open(let subscriber) = phase {
            var frame = ByteBuffer()
            if let code {
                WebSocketFrame.writeClose(code: code, reason: "", to: &frame)
            } else {
                WebSocketFrame.writeHeader(.close, payloadBytes: 0, to: &frame)
            }
            loop.shard.send(frame, to: subscriber)
            loop.shard.retire(subscriber)
            phase = .closing(subscriber)
            services.metrics.connectionClosed(code: code ?? 1005)
        }
        loop.shard.flush()
        context?.close(promise: nil)
    }

    private func scheduleCut() {
        loop.eventLoop.assumeIsolated().scheduleTask(in: Self.closeTimeout) { [weak self] in
            self?.context?.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        leaveHub()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leaveHub()
        self.context = nil
    }

    private func leaveHub() {
        if case .closed = phase { return }
        let subscriber = subscriber
        phase = .closed
        if let subscriber {
            loop.shard.disconnect(subscriber)
            services.hub.releaseConnection(of: subscriber.app)
        }
        if isAdmitted {
            services.state.release()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset or a failed TLS record: the peer is gone, and what it did is at most worth a trace.
        debug("connection failed", reason: "\(error)")
        context.close(promise: nil)
    }

    // MARK: Shared

    /// The connection in the hub, while it is there.
    var subscriber: Subscriber? {
        switch phase {
        case .open(let subscriber): subscriber
        case .closing(let subscriber): subscriber
        case .joining, .closed: nil
        }
    }

    /// Sends what became due outside of a read.
    private func shardDidChange() {
        loop.shard.flush()
    }

    /// The connection takes messages.
    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    func countError(_ type: String) {
        services.metrics.connectionError(type)
    }
}

extension RealtimeConnection: HubSocket {
    func writeThroughChannel(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard let context else {
            promise.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
    }

    func didDrop(frames: Int) {
        subscriber?.app.metrics.slowConsumerDrops.increment(by: Int64(frames))
    }

    func closeSlowConsumer() {
        guard case .open(let subscriber) = phase else { return }
        let code = CloseCode.overCapacity
        let reason = "The connection does not read its messages fast enough"
        var frames = ServerMessage.error(PusherError(code: code.rawValue, reason))
        WebSocketFrame.writeClose(code: code.rawValue, reason: reason, to: &frames)
        phase = .closing(subscriber)
        // Behind all that the channel still holds: the outbox sends nothing directly while it does.
        context?.writeAndFlush(wrapOutboundOut(frames), promise: nil)
        loop.shard.retire(subscriber)
        subscriber.app.metrics.slowConsumerDisconnects.increment(by: 1)
        services.metrics.connectionClosed(code: code.rawValue)
        debug("slow consumer disconnected")
        scheduleCut()
    }

    func close(code: UInt16, reason: String) {
        beginClosing(code: code, reason: reason, announces: true)
    }
}
