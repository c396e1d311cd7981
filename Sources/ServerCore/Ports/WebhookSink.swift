/// Takes webhook events from the hub.
///
/// Contract: `emit` never blocks, never throws and never calls back into its caller; it may be called on an event
/// loop, with a directory lock held. Events of one channel are emitted in the order in which they happened. A sink
/// whose bounded buffer is full drops the event and counts it.
package protocol WebhookSink: Sendable {
    /// Takes one event.
    func emit(_ event: WebhookEvent)

    /// Takes one event and says when it is in its queue, where it survives this process; false when it was dropped.
    ///
    /// `whenQueued` is called once, on any thread, after `emit` has returned; also for an event that is given up later.
    func emit(_ event: WebhookEvent, whenQueued: @escaping @Sendable () -> Void) -> Bool
}
