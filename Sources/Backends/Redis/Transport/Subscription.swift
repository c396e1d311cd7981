import NIOCore
import ServerCore

/// A topic that the node wants, until it gives it up; wanting it again makes a new one.
///
/// Threading: the transport's loop.
final class Subscription {
    let topic: ClusterTopic
    /// The topic's name at the server.
    let name: ByteBuffer
    let slot: Int
    /// Where it is asked for.
    var link: SubscriberLink?
    /// The batch with which it was last asked for; 0 is none.
    var batch: UInt64 = 0
    /// In force, and the receiver was told so.
    var isActive = false

    init(_ topic: ClusterTopic, name: TopicName) {
        self.topic = topic
        self.name = name.bytes
        slot = name.slot
    }
}

/// The name of a topic at the server, and its slot.
struct TopicName {
    /// The topic, as its tag.
    let tag: String
    let bytes: ByteBuffer
    let slot: Int

    init(_ topic: ClusterTopic, prefix: String) {
        tag = topic.tag
        slot = HashSlot.of(tag: tag.utf8)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(prefix.utf8.count + tag.utf8.count + 4)
        bytes.writeString(prefix)
        bytes.writeStaticString("m:{")
        bytes.writeString(tag)
        bytes.writeStaticString("}")
        self.bytes = bytes
    }
}
