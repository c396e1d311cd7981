import CoreMetrics
import DequeModule
import Logging
import NIOCore
import NIOHTTP1

/// One connection while it speaks HTTP/1.1: one request at a time, kept alive, until it closes or becomes a WebSocket.
///
/// Threading: its channel's event loop only.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let services: ServerServices
    private let loop: LoopServices
    private let readGuard: HTTPReadGuard
    private let isTLS: Bool
    /// The client's address as the transport knows it.
    var peerAddress: String
    private var life: HTTPRequestLife
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture
    private var head: RequestHead?
    private var body = ByteBuffer()
    /// Parts of the next requests that came with the one that is being answered.
    private var waiting: Deque<RequestPart> = []
    /// What to say of bytes behind the waiting parts that cannot be parsed.
    private var failure: HTTPFailure?
    private var wantsRead = false
    /// Bytes are being taken in: answers are flushed together when that is done.
    private var isReading = false
    private let answers = AnswerWriter()
    private var lastCounter: (status: UInt, counter: any CounterHandler)?
    private var hasGrownReads = false
    private var context: ChannelHandlerContext?

    init(services: ServerServices, loop: LoopServices, readGuard: HTTPReadGuard, isTLS: Bool, peerAddress: String) {
        self.services = services
        self.loop = loop
        self.readGuard = readGuard
        self.isTLS = isTLS
        self.peerAddress = peerAddress
        life = HTTPRequestLife(limits: services.configuration.listener.limits, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // No weak reference, neither here nor to the timer: all counting of references to the handler would be slow.
        readGuard.connection = self
        if !isTLS, services.configuration.webSocket.sendsDirectly {
            answers.attach(context)
        }
        armTimer()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        readGuard.connection = nil
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        answers.detach()
        timer?.cancel()
        context.fireChannelInactive()
    }

    // MARK: Reading

    /// Stops reading while a request is answered, so that a peer cannot pile up requests.
    func read(context: ChannelHandlerContext) {
        if life.phase == .answering {
            wantsRead = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receive(RequestPart(unwrapInboundIn(data)))
    }

    /// Takes the next part of a request, or has it wait for the answer to the one before.
    func receive(_ part: RequestPart) {
        isReading = true
        if waiting.isEmpty, isExpecting {
            take(part)
        } else {
            waiting.append(part)
        }
        receiveWaiting()
    }

    /// Takes note of bytes of a head before they are a head.
    func receivedHeadBytes() {
        life.receivedBytes(now: .now())
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flushAnswers()
        armTimer()
        context.fireChannelReadComplete()
    }

    private func flushAnswers() {
        guard let context else { return }
        answers.flush(context)
    }

    /// Connections start with reads that suit WebSockets; one that asks the API may send many requests at once.
    private func growReads() {
        guard !hasGrownReads, let context else { return }
        hasGrownReads = true
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65536)
        // A channel without the option, as in tests, keeps the reads it has.
        try? context.channel.syncOptions?.setOption(.recvAllocator, value: allocator)
    }

    /// Nothing stands before the next part.
    private var isExpecting: Bool { life.phase != .answering && life.phase != .upgraded }

    private func receiveWaiting() {
        while isExpecting, let part = waiting.popFirst() {
            take(part)
        }
        if let failure, life.phase != .answering {
            finish(with: failure.reply)
        }
    }

    private func take(_ part: RequestPart) {
        guard life.phase != .lingering else { return }
        switch part {
        case .head(let head): take(head)
        case .body(let bytes):
            guard life.receivedBody(bytes.readableBytes) else {
                finish(with: Self.bodyTooLarge.reply)
                return
            }
            if body.readableBytes == 0 {
                body = bytes
            } else {
                body.writeImmutableBuffer(bytes)
            }
        case .end: respond()
        }
    }

    private func take(_ head: RequestHead) {
        readGuard.isReadingHead = false
        self.head = head
        if body.readableBytes > 0 { body = ByteBuffer() }
        guard !head.course.isAmbiguous else {
            finish(with: HTTPFailure.badRequest("Content-Length and Transfer-Encoding exclude each other").reply)
            return
        }
        guard life.receivedHead(contentLength: head.contentLength, now: .now()) else {
            finish(with: Self.bodyTooLarge.reply)
            return
        }
        guard let expectation = head.course.expectation else { return }
        guard expectation.lowercased() == "100-continue" else {
            finish(with: HTTPFailure(.expectationFailed, "Only 100-continue can be expected").reply)
            return
        }
        if head.course.isHTTP11 {
            answers.append("HTTP/1.1 100 Continue\r\n\r\n")
            flushAnswers()
        }
    }

    private static let bodyTooLarge = HTTPFailure(.payloadTooLarge, "The request body is too large")

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPReadGuard.HeadTooLarge, HTTPParserError.headerOverflow:
            fail(HTTPFailure(.requestHeaderFieldsTooLarge, "The request's header is too large"))
        case is HTTPParserError:
            fail(HTTPFailure.badRequest("The request is not valid HTTP/1.1"))
        default:
            // A reset or a failed TLS handshake: nobody is left to be answered.
            context.close(promise: nil)
        }
    }

    /// Refuses what came, behind the answers to the requests before it.
    private func fail(_ failure: HTTPFailure) {
        guard life.phase == .answering else {
            finish(with: failure.reply)
            return
        }
        self.failure = failure
    }

    // MARK: Answering

    private func respond() {
        guard let head else { return }
        life.receivedEnd()
        readGuard.isReadingHead = true
        let request = HTTPServerRequest(head, body: body, peerAddress: peerAddress)
        if body.readableBytes > 0 { body = ByteBuffer() }
        let responder = HTTPResponder(services: services, loop: loop)
        if head.course.asksForUpgrade, WebSocketUpgrade.isRequested(by: request) {
            upgrade(request, responder)
        } else {
            growReads()
            responder.respond(to: request) { self.answer($0) }
        }
    }

    private func answer(_ reply: HTTPReply) {
        guard life.phase == .answering, let head, let context else { return }
        // After a request for another protocol the parser has stopped, so the connection cannot go on.
        let isKeptAlive = head.course.isKeptAlive && !services.state.isDraining && !head.course.asksForUpgrade
        write(reply, isKeptAlive: isKeptAlive, omitsBody: head.method == .HEAD)
        guard isKeptAlive else {
            linger(context)
            return
        }
        life.answered(now: .now())
        self.head = nil
        receiveWaiting()
        armTimer()
        if wantsRead, life.phase != .answering {
            wantsRead = false
            context.read()
        }
    }

    /// Answers what cannot be gone on from, and ends the connection.
    private func finish(with reply: HTTPReply) {
        guard let context, life.phase != .lingering, life.phase != .upgraded else { return }
        write(reply, isKeptAlive: false, omitsBody: head?.method == .HEAD)
        linger(context)
    }

    private func write(_ reply: HTTPReply, isKeptAlive: Bool, omitsBody: Bool) {
        count(reply.status.code)
        answers.append(reply, isKeptAlive: isKeptAlive, omitsBody: omitsBody, date: loop.date)
        if !isReading {
            flushAnswers()
        }
    }

    /// Most answers have the status of the one before.
    private func count(_ status: UInt) {
        if let lastCounter, lastCounter.status == status {
            lastCounter.counter.increment(by: 1)
        } else {
            let counter = services.metrics.responses(status: status)
            counter.increment(by: 1)
            lastCounter = (status, counter)
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        life.linger(now: .now())
        waiting.removeAll()
        armTimer()
        flushAnswers()
        context.close(mode: .output, promise: nil)
        if wantsRead {
            context.read()
        }
    }

    // MARK: Time

    /// One timer a connection; where the deadline has moved on, it is set again only when it rings too early.
    ///
    /// It keeps the handler until it is cancelled with the connection's end; a weak reference would make all counting
    /// of references to the handler slow.
    private func armTimer() {
        guard let deadline = life.deadline, timer == nil || deadline < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = loop.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.ring() }
    }

    private func ring() {
        timer = nil
        guard let deadline = life.deadline, let context else { return }
        guard deadline <= .now() else {
            armTimer()
            return
        }
        switch life.expiry {
        case .close: context.close(promise: nil)
        case .timeOut: finish(with: HTTPFailure(.requestTimeout, "The request did not come in time").reply)
        }
    }

    // MARK: Upgrade

    private func upgrade(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        switch WebSocketUpgrade(request, services: services) {
        case .refused(let failure): answer(failure.reply)
        case .accepted(let upgrade):
            responder.limitConnects(from: upgrade.connection.clientAddress) { refusal in
                if let refusal {
                    self.answer(refusal)
                } else {
                    self.becomeWebSocket(upgrade)
                }
            }
        }
    }

    private func becomeWebSocket(_ upgrade: WebSocketUpgrade.Acceptance) {
        guard life.phase == .answering, let context else { return }
        life.upgrade()
        timer?.cancel()
        flushAnswers()
        let connection = RealtimeConnection(
            services: services,
            loop: loop,
            opening: RealtimeConnection.Opening(request: upgrade.connection, response: upgrade.response),
            // What the channel still holds of an answer must not be overtaken.
            sendsDirectly: !isTLS && services.configuration.webSocket.sendsDirectly && !answers.isPending
        )
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(connection)
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            pipeline.removeHandler(self, promise: nil)
            // Last, because it hands the bytes behind the request to the new handler.
            pipeline.removeHandler(readGuard, promise: nil)
            pipeline.removeHandler(context: decoder, promise: nil)
            if wantsRead {
                // Held back while the limiter was asked; without it the socket would never be read from.
                pipeline.read()
            }
        } catch {
            context.close(promise: nil)
        }
    }
}
