import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Collects the answers of one connection and hands them to its socket: with `send(2)` where the socket is bare and
/// takes them all, else through its channel, so that no answer overtakes another.
///
/// The same rules as for the frames of the hub's outbox. Threading: the channel's event loop, and never in the callback
/// of a write.
final class AnswerWriter {
    /// -1 where all bytes go through the channel.
    private var descriptor: Int32 = -1
    private var pendingWrites = 0
    private var answers = ByteBuffer()

    /// Memory that is kept for the next answer.
    private static let keptBytes = 4096

    /// The channel still holds answers.
    var isPending: Bool { pendingWrites > 0 }

    /// Uses the socket of a channel from now on; a channel without one, as in tests, is written to like one with TLS.
    func attach(_ context: ChannelHandlerContext) {
        let found = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        descriptor = found ?? -1
    }

    /// Lets go of the socket; call when its channel becomes inactive, in the same turn.
    func detach() {
        descriptor = -1
    }

    /// Adds an answer to those that are sent by the next flush.
    func append(_ reply: HTTPReply, isKeptAlive: Bool, omitsBody: Bool, date: String) {
        reply.write(to: &answers, isKeptAlive: isKeptAlive, omitsBody: omitsBody, date: date)
    }

    /// Adds bytes to those that are sent by the next flush.
    func append(_ text: StaticString) {
        answers.writeStaticString(text)
    }

    /// Sends what was added.
    func flush(_ context: ChannelHandlerContext) {
        guard answers.readableBytes > 0 else { return }
        if descriptor >= 0, pendingWrites == 0 {
            let sent = answers.withUnsafeReadableBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            answers.moveReaderIndex(forwardBy: max(0, sent))
        }
        guard answers.readableBytes > 0 else {
            if answers.capacity <= Self.keptBytes { answers.clear() } else { answers = ByteBuffer() }
            return
        }
        // The socket took a part, or none, or is broken: the channel sends the rest or finds out.
        let rest = answers
        answers = ByteBuffer()
        pendingWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.pendingWrites -= 1 }
        context.writeAndFlush(NIOAny(rest), promise: promise)
    }
}
