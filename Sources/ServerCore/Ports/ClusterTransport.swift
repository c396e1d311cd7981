package import NIOCore

/// Carries messages to the nodes that asked for their topics.
///
/// Contract: nothing here waits; every call may come from any thread and with locks held. Messages of one node on one
/// topic arrive in the order of its calls, at every subscribed node, that node included. Each arrives at most once,
/// unless it was sent again after a connection was lost, which its sequence shows. A node gets no topic that it has not
/// asked for. While the way to a topic is interrupted, its messages wait in a bounded buffer, for a bounded time.
package protocol ClusterTransport: Sendable {
    /// Asks for a topic; the receiver is told when that is in force, now and after every interruption.
    func subscribe(_ topic: ClusterTopic)

    /// Gives a topic up.
    func unsubscribe(_ topic: ClusterTopic)

    /// Sends a message; false when it was dropped because the buffer is full or the transport has ended.
    @discardableResult
    func publish(_ publication: ClusterPublication) -> Bool

    /// Whether messages leave at once, as far as known; false while they wait for a way.
    var isServing: Bool { get }

    /// Works, with the receiver who gets what comes, until the task is cancelled; run once.
    func run(receiver: any ClusterReceiver) async

    /// Sends what still waits, as far as that is possible in the given time.
    func flush(within duration: Duration) async
}

/// A message and its topic.
package struct ClusterPublication: Sendable {
    package var topic: ClusterTopic
    package var message: ByteBuffer
    /// What the topic keeps of it for later subscribers.
    package var retention: Retention?

    /// The value that a topic keeps instead of the one before; the message is then an event, and is sent as
    /// `ClusterMessage.retained` with the version that the keeping makes.
    package struct Retention: Sendable {
        package var value: ByteBuffer
        package var ttl: Duration

        /// Makes a retention.
        package init(value: ByteBuffer, ttl: Duration) {
            self.value = value
            self.ttl = ttl
        }
    }

    /// Makes a publication.
    package init(topic: ClusterTopic, message: ByteBuffer, retention: Retention? = nil) {
        self.topic = topic
        self.message = message
        self.retention = retention
    }
}

/// Gets what a transport has for its node.
///
/// Contract: called on any thread, for one topic in order, and must not block.
package protocol ClusterReceiver: Sendable {
    /// A message came.
    func received(_ message: ByteBuffer, on topic: ClusterTopic)

    /// Topics are served from now on: what is published after this arrives.
    func subscribed(to topics: [ClusterTopic])

    /// Topics are not served any more, and their messages are lost until `subscribed` is called again.
    func interrupted(_ topics: [ClusterTopic])

    /// The store that holds some topics was replaced, and may have forgotten what was written last, or everything.
    func disturbed(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool)
}
