package import NIOCore
package import PusherProtocol

/// Knows who is where in the whole cluster, exactly.
///
/// Contract: each call that changes a topic is one indivisible step, which also sends the messages that tell of the
/// change on the topic. A node's part of a topic is asserted as it is, not as it changes, so that every call may be
/// repeated. A node lives as long as it renews its lease; one whose lease ended is buried by exactly one other, and from
/// then on nothing can be written under its name. Implementations are safe to call from any task.
package protocol ClusterDirectory: Sendable {
    // MARK: Nodes

    /// Prolongs a node's lease, or gives it one.
    func renewLease(of node: ClusterNode, lasting: Duration) async throws(BackendError) -> ClusterLease

    /// Ends a node's lease at once, so that others bury it soon.
    func endLease(of node: ClusterNode) async throws(BackendError)

    /// Notes, before a node has a part in them, that it may have one in topics, so that whoever buries it finds them;
    /// false when the node is buried.
    func record(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError) -> Bool

    /// Undoes `record`, after the node has no part in the topics any more.
    func erase(_ topics: [ClusterTopic], of node: ClusterNode) async throws(BackendError)

    /// All nodes that are not fully buried, with whether their lease holds.
    func nodes() async throws(BackendError) -> [(node: ClusterNode, isLive: Bool)]

    /// Takes it on to bury a node whose lease ended; false when it lives or another node is at it.
    ///
    /// One who does not finish within `lasting` loses the task to another, who repeats it.
    func bury(_ node: ClusterNode, by survivor: ClusterNode, lasting: Duration) async throws(BackendError) -> Bool

    /// Some of the topics that a node recorded, ordered by tag, beginning after one, at most `limit`.
    func recordedTopics(
        of node: ClusterNode,
        after: ClusterTopic?,
        limit: Int
    ) async throws(BackendError) -> [ClusterTopic]

    /// Forgets a buried node that has no part in anything any more.
    func forget(_ node: ClusterNode) async throws(BackendError)

    // MARK: Topics

    /// Asserts a node's part of a topic.
    func update(_ update: ClusterUpdate) async throws(BackendError) -> ClusterOutcome

    /// Counts topics, in their order.
    func counts(of topics: [ClusterTopic]) async throws(BackendError) -> [ClusterCounts]

    /// The users of a presence channel, in no particular order.
    func userIDs(of topic: ClusterTopic) async throws(BackendError) -> [String]

    /// The channels of an app that any node has recorded and whose names start with a prefix, in order and each once;
    /// some may have nobody in them any more.
    func channels(appID: String, prefix: String) async throws(BackendError) -> [ClusterTopic]

    /// What a topic keeps.
    func retained(by topic: ClusterTopic) async throws(BackendError) -> RetainedValue?

    /// Throws when the directory cannot answer now.
    func checkHealth() async throws(BackendError)
}

/// How a node stands after it renewed its lease.
package enum ClusterLease: Sendable, Equatable {
    /// The lease was in force and is prolonged.
    case held
    /// There was none, because the node is new or the store forgot it; now there is.
    case granted
    /// Others buried the node; it must go on under another name.
    case buried
}

/// A node's part of a topic, as it is to be.
package struct ClusterUpdate: Sendable {
    package var topic: ClusterTopic
    /// Whose part it is.
    package var node: ClusterNode
    /// Who tells the news that come of it: another one than `node` where that is buried.
    package var reporter: ClusterNode
    /// The node's subscriptions to a channel, connections of a user, or connections of an app.
    package var subscriptions = 0
    /// Members whom the node has to be noted with, whether or not they are already.
    package var joined: [PresenceMember] = []
    /// Members whom the node has no more.
    package var left: [Departure] = []
    /// `joined` is all that the node has; whoever else is noted with it has left with a broken connection.
    package var isWhole = false
    /// The node's part was noted before, so that its first subscription is no news even if the store forgot it.
    package var wasNoted = false
    /// Those of `joined` who were noted before, and are no news either; and those of `left`, who are news even if the
    /// store forgot that they were there.
    package var known: Set<String> = []
    /// The greatest version that an outcome had, in times in which a store may have forgotten something, otherwise 0; a
    /// topic with a smaller one has forgotten something.
    ///
    /// Departures of which such a topic knows nothing wait as if connections had broken, and for at least
    /// `forgottenGrace`, in which other nodes say who is still with them.
    package var seen: UInt64 = 0
    /// The node's last subscription went, and those of `joined` who left it, when that was still to be told: none of
    /// that is news again where a store forgot it.
    package var wasLeft = false
    package var departed: Set<String> = []
    /// Whoever left the channel last did so with a broken connection, which may soon be back.
    package var isBroken = false
    /// The most members that the channel takes, the most subscriptions; 0 is no limit.
    package var memberLimit = 0
    package var subscriptionLimit = 0
    /// Which changes are told.
    package var telling: Telling = []
    /// How long departures with a broken connection wait before they are told to webhooks.
    package var gracePeriod: Duration = .zero
    /// Whether departures that have waited long enough are told now, which looks at all members.
    package var settles = false
    /// News up to this number reached their queue.
    package var acknowledged: UInt64 = 0
    /// Whether the outcome is to have the members, and the value that the topic keeps.
    package var wantsMembers = false
    package var wantsRetained = false

    /// What nodes take to say again what a store has forgotten.
    package static let forgottenGrace = Duration.seconds(3)

    /// Makes an update of a node's own part.
    package init(_ topic: ClusterTopic, node: ClusterNode) {
        self.topic = topic
        self.node = node
        reporter = node
    }

    /// A member who left.
    package struct Departure: Sendable, Equatable {
        package var userID: String
        /// The connection broke, and the member may soon be back.
        package var isBroken: Bool

        /// Makes a departure.
        package init(userID: String, isBroken: Bool) {
            self.userID = userID
            self.isBroken = isBroken
        }
    }

    /// What an app wants to hear.
    package struct Telling: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// News of the first and the last subscriber.
        package static let occupancyNews = Telling(rawValue: 1 << 0)
        /// News of a user's first and last connection.
        package static let memberNews = Telling(rawValue: 1 << 1)
        /// News of a subscriber to whom nothing could be given that the topic keeps.
        package static let missNews = Telling(rawValue: 1 << 2)
        /// A message for every change of the number of subscriptions.
        package static let counts = Telling(rawValue: 1 << 3)
        /// A message when that number becomes 0 or is 0 no more.
        package static let edges = Telling(rawValue: 1 << 4)
    }
}

/// A topic after an update.
package struct ClusterOutcome: Sendable, Equatable {
    /// The node is buried: nothing was changed.
    package var isBuried = false
    /// The topic was older than what the node had seen of it.
    package var hasForgotten = false
    package var version: UInt64 = 0
    /// The node's subscriptions as they were noted: fewer than asserted where the limit is reached.
    package var accepted = 0
    package var counts = ClusterCounts()
    /// Users who were not let in because the channel is full.
    package var refused: [String] = []
    /// What `reporter` has to tell, in order; each comes again until it is acknowledged.
    package var news: [ClusterNews] = []
    /// How long until the next departure has waited long enough.
    package var settlesIn: Duration?
    package var members: [PresenceMember]?
    package var retained: RetainedValue?

    /// Makes an outcome.
    package init() {}
}

/// How many are in a topic, in the whole cluster.
package struct ClusterCounts: Sendable, Equatable {
    package var subscriptions = 0
    package var users = 0

    /// Makes counts.
    package init(subscriptions: Int = 0, users: Int = 0) {
        self.subscriptions = subscriptions
        self.users = users
    }
}

/// A change that webhooks are told once.
package struct ClusterNews: Sendable, Equatable {
    /// Numbers of one topic grow.
    package var number: UInt64
    package var content: Content

    /// What happened.
    package enum Content: Sendable, Equatable {
        case occupied
        case vacated
        case memberAdded(userID: String)
        case memberRemoved(userID: String)
        case cacheMiss
    }

    /// Makes news.
    package init(number: UInt64, content: Content) {
        self.number = number
        self.content = content
    }
}

/// What a topic keeps for later subscribers.
package struct RetainedValue: Sendable, Equatable {
    package var bytes: ByteBuffer
    /// The time that the value still has.
    package var remaining: Duration

    /// Makes a value.
    package init(bytes: ByteBuffer, remaining: Duration) {
        self.bytes = bytes
        self.remaining = remaining
    }
}
