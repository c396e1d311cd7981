import ServerCore

/// The keys of one topic, all in one slot because the topic's tag is their hash tag.
struct RedisTopicKeys {
    private let prefix: String
    private let tag: String

    init(_ topic: ClusterTopic, prefix: String) {
        self.prefix = prefix
        tag = "{\(topic.tag)}"
    }

    /// Hash: what `RedisTopicScripts` lists.
    var state: String { "\(prefix)s:\(tag)" }
    /// Hash: node to subscriptions.
    var nodes: String { "\(prefix)n:\(tag)" }
    /// Hash: user to the number of nodes that have the user, a space, and the newest info.
    var users: String { "\(prefix)u:\(tag)" }
    /// Sorted set: the users of whom webhooks know, by the millisecond at which their removal is told; `inf` while
    /// they are there.
    var told: String { "\(prefix)w:\(tag)" }
    /// String: what the topic keeps.
    var retained: String { "\(prefix)k:\(tag)" }
    /// The name of the message topic, which is not a key.
    var messages: String { "\(prefix)m:\(tag)" }

    /// Hash: user to info, for one node.
    func members(of node: ClusterNode) -> String { "\(prefix)p:\(tag):\(node)" }
    /// List: the news that a node has not acknowledged, each as its number, a space, a letter, and a user.
    func news(of node: ClusterNode) -> String { "\(prefix)q:\(tag):\(node)" }
    /// String: there while nothing may be written under a node's name.
    func tombstone(of node: ClusterNode) -> String { "\(prefix)b:\(tag):\(node)" }

    /// The keys of `RedisTopicScripts.update`, in its order.
    func forUpdate(of node: ClusterNode, by reporter: ClusterNode) -> [String] {
        [
            state, nodes, members(of: node), users, told, news(of: reporter), news(of: node), tombstone(of: reporter),
            tombstone(of: node), retained,
        ]
    }
}

/// The keys of one node, all in one slot because the node's name is their hash tag, and the register of nodes.
struct RedisNodeKeys {
    private let prefix: String
    private let tag: String

    init(_ node: ClusterNode, prefix: String) {
        self.prefix = prefix
        tag = "{\(node)}"
    }

    /// Set: the nodes that are not fully buried.
    static func register(prefix: String) -> String { "\(prefix)nodes" }

    /// String: there while the node lives.
    var lease: String { "\(prefix)l:\(tag)" }
    /// Sorted set: the tags of the topics in which the node may have a part, all with score 0.
    var topics: String { "\(prefix)h:\(tag)" }
    /// String: `dying` from when the node is given up, `done` when nothing is left of it.
    var tombstone: String { "\(prefix)d:\(tag)" }
    /// String: the node that buries it.
    var burial: String { "\(prefix)j:\(tag)" }
}
