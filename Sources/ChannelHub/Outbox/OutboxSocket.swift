package import NIOCore

/// The side of a connection that the outbox falls back on when it cannot write to the descriptor itself.
///
/// Threading: all calls come on the connection's event loop.
package protocol OutboxSocket: AnyObject {
    /// Writes and flushes bytes through the channel, after all that was written through it before.
    ///
    /// The promise is completed when the kernel has taken the bytes or the channel has failed.
    func writeThroughChannel(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>)

    /// Takes note of frames that were not sent, because the connection is over its budget.
    func didDrop(frames: Int)

    /// Ends a connection that does not read what it subscribed to; called once.
    func closeSlowConsumer()
}
