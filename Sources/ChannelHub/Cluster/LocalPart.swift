import PusherProtocol
import ServerCore

/// A node's own part of a topic at the moment at which it is asserted.
struct LocalPart {
    var subscriptions: Int
    var telling: ClusterUpdate.Telling = []
    var gracePeriod: Duration = .zero
    var memberLimit = 0
    var member: (String) -> PresenceMember? = { _ in nil }
    var members: () -> [PresenceMember] = { [] }
}

/// The next thing to tell a directory of a topic.
enum RemoteStep: Sendable {
    case nothing
    case record(ClusterTopic)
    case erase(ClusterTopic)
    case update(ClusterUpdate)
}
