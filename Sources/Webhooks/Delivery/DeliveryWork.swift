import ServerCore

/// A job in the hands of this node.
struct DeliveryWork: Sendable {
    var lease: LeasedJob
    var job: WebhookJob
    /// When it was received, in milliseconds of the wall clock.
    var receivedMilliseconds: Int64
    /// Whether its destination failed last time, as of the start of this delivery.
    var isSuspect = false
}
