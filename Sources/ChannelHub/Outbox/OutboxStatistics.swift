/// What an outbox did.
package struct OutboxStatistics: Sendable, Equatable {
    /// Calls of `send(2)` and `sendmsg(2)` on descriptors.
    package var directSends = 0
    /// Batches handed to channels, because of TLS or because a socket did not take them at once.
    package var channelWrites = 0
    /// Frames that were not sent, because their socket was over its budget.
    package var droppedFrames = 0
    /// Sockets that were closed for being over their budget.
    package var slowConsumers = 0

    /// Nothing has happened.
    package init() {}
}
