import DequeModule
import NIOCore

/// The protocol on one connection: requests go out as they come, replies are given to them in order.
///
/// A reply that does not come in time means that the server hangs, since replies are in order: everything under way
/// fails and the connection closes. One timer, armed for the oldest request.
///
/// Threading: the channel's loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Pending {
        var request: RedisRequest
        var replies: [RESPValue] = []
    }

    private let address: RedisAddress
    private let reader: RESPReader
    private var pending: Deque<Pending> = []
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var isFlushDue = false
    /// Why the connection ends, where more is known than that it did.
    private var failure: RedisError?

    init(address: RedisAddress) throws(RedisError) {
        self.address = address
        reader = try RESPReader()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        failAll()
    }

    /// Sends a request, or fails it when the connection has ended.
    func submit(_ request: RedisRequest) {
        guard let context, context.channel.isActive, failure == nil else {
            request.promise.fail(failure(.notSent, "the connection has ended"))
            return
        }
        pending.append(Pending(request: request))
        context.write(wrapOutboundOut(request.bytes), promise: nil)
        armTimer(context)
        flushSoon(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        do throws(RedisError) {
            try reader.feed(unwrapInboundIn(data))
            while let reply = try reader.next() {
                try take(reply)
            }
        } catch {
            close(context, because: error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context, because: RedisError(.connectionLost, "the connection to \(address) failed", underlying: error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        failAll()
        context.fireChannelInactive()
    }

    private func take(_ reply: RESPValue) throws(RedisError) {
        guard !pending.isEmpty else {
            throw RedisError(.malformed, "\(address) sent what nobody asked for")
        }
        pending[0].replies.append(reply)
        guard pending[0].replies.count == pending[0].request.replyCount else { return }
        let done = pending.removeFirst()
        done.request.promise.succeed(done.replies)
    }

    /// Flushes once for all that is submitted in this turn of the loop.
    private func flushSoon(_ context: ChannelHandlerContext) {
        guard !isFlushDue else { return }
        isFlushDue = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushDue = false
            self.context?.flush()
        }
    }

    private func armTimer(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline = pending.first?.request.deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.checkDeadline()
        }
    }

    private func checkDeadline() {
        guard let context, let oldest = pending.first else { return }
        if oldest.request.deadline <= .now() {
            close(context, because: failure(.timedOut, "no reply came in time"))
        } else {
            armTimer(context)
        }
    }

    private func close(_ context: ChannelHandlerContext, because error: RedisError) {
        if failure == nil { failure = error }
        failAll()
        context.close(promise: nil)
    }

    private func failAll() {
        timer?.cancel()
        timer = nil
        let failed = pending
        pending.removeAll()
        let error = failure ?? failure(.connectionLost, "the connection ended before the reply came")
        for entry in failed {
            entry.request.promise.fail(error)
        }
    }

    private func failure(_ code: RedisError.Code, _ message: String) -> RedisError {
        RedisError(code, "\(address): \(message)", underlying: failure)
    }
}
