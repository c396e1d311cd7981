package import ServerCore

/// A cluster's directory in Redis: one script for each step, on keys of one slot.
///
/// What belongs to a topic is in the topic's slot, what belongs to a node in the node's; only the register of nodes is
/// in a slot of its own. Redis acknowledges before its replicas have: after a failover nodes assert their parts again.
package struct RedisClusterDirectory: ClusterDirectory {
    /// How many entries one reply has at most, except for the members of one channel.
    static let page = 1_000
    /// How many topics one script notes.
    static let recordedAtOnce = 500
    /// How many questions about single topics are under way at a time.
    static let maxConcurrent = 256

    let client: any RedisClient
    let options: RedisDirectoryOptions

    /// Makes a directory.
    package init(client: any RedisClient, options: RedisDirectoryOptions = RedisDirectoryOptions()) {
        self.client = client
        self.options = options
    }

    package func checkHealth() async throws(BackendError) {
        try await backend { () throws(RedisError) in
            try await client.checkHealth(key: register, patience: .zero)
        }
    }

    /// The key of the set of nodes.
    var register: String { RedisNodeKeys.register(prefix: options.prefix) }

    func keys(of node: ClusterNode) -> RedisNodeKeys { RedisNodeKeys(node, prefix: options.prefix) }

    func keys(of topic: ClusterTopic) -> RedisTopicKeys { RedisTopicKeys(topic, prefix: options.prefix) }

    /// What an answer that cannot be understood is thrown as.
    static var malformed: BackendError {
        BackendError(.malformed, "redis: the directory's answer is not of the expected form")
    }

    /// Runs a script whose call may be repeated, as all of the directory's may.
    func call(
        _ script: RedisScript,
        _ keys: [String],
        _ arguments: [[UInt8]] = []
    ) async throws(BackendError) -> RESPValue {
        var call = RedisScript.Call(keys: keys, arguments: arguments)
        call.isRepeatable = true
        let sent = call
        return try await backend { () throws(RedisError) in
            try await script.run(sent, on: client, patience: options.patience)
        }
    }

    /// Runs a command on one key, which may be repeated.
    func run(_ key: String, _ words: [[UInt8]]) async throws(BackendError) -> RESPValue {
        let command = RedisCommand(words: words, key: Array(key.utf8), isRepeatable: true)
        return try await backend { () throws(RedisError) in
            try await client.run(command, patience: options.patience)
        }
    }

    /// Does something for each element, many at a time, and returns what comes of it in the elements' order.
    func concurrently<Element: Sendable, Result: Sendable>(
        _ elements: [Element],
        _ body: @escaping @Sendable (Element) async throws(BackendError) -> Result
    ) async throws(BackendError) -> [Result] {
        do {
            return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
                var results = [Result?](repeating: nil, count: elements.count)
                for (index, element) in elements.enumerated() {
                    if index >= Self.maxConcurrent, let (done, result) = try await group.next() {
                        results[done] = result
                    }
                    group.addTask { (index, try await body(element)) }
                }
                for try await (done, result) in group { results[done] = result }
                return results.compactMap(\.self)
            }
        } catch let error as BackendError {
            throw error
        } catch {
            throw BackendError(.unavailable, "redis: the caller was cancelled", underlying: error)
        }
    }
}

extension [UInt8] {
    /// The bytes of a number in digits.
    init(decimal number: some BinaryInteger) {
        self = Array("\(number)".utf8)
    }
}
