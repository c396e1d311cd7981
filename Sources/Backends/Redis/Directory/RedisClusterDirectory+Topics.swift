import NIOCore
import PusherProtocol
package import ServerCore

extension RedisClusterDirectory {
    package func update(_ update: ClusterUpdate) async throws(BackendError) -> ClusterOutcome {
        let keys = self.keys(of: update.topic)
        let reply = try await call(
            RedisTopicScripts.update,
            keys.forUpdate(of: update.node, by: update.reporter),
            arguments(of: update, messages: keys.messages)
        )
        guard let outcome = ClusterOutcome(reply) else { throw Self.malformed }
        return outcome
    }

    package func counts(of topics: [ClusterTopic]) async throws(BackendError) -> [ClusterCounts] {
        try await concurrently(topics) { topic throws(BackendError) in
            let keys = self.keys(of: topic)
            let reply = try await call(RedisTopicScripts.counts, [keys.state, keys.users])
            guard let counts = reply.elements?.compactMap(\.integer), counts.count == 2 else { throw Self.malformed }
            return ClusterCounts(subscriptions: Int(counts[0]), users: Int(counts[1]))
        }
    }

    package func userIDs(of topic: ClusterTopic) async throws(BackendError) -> [String] {
        let key = keys(of: topic).users
        var users: Set<String> = []
        var cursor = "0"
        repeat {
            let words = ["HSCAN", key, cursor, "COUNT", "\(Self.page)"].map { Array($0.utf8) }
            let parts = try await run(key, words).elements
            guard let parts, parts.count == 2, let next = parts[0].text, let pairs = parts[1].elements else {
                throw Self.malformed
            }
            users.formUnion(stride(from: 0, to: pairs.count, by: 2).compactMap { pairs[$0].text })
            cursor = next
        } while cursor != "0"
        return Array(users)
    }

    package func retained(by topic: ClusterTopic) async throws(BackendError) -> RetainedValue? {
        let reply = try await call(RedisTopicScripts.retained, [keys(of: topic).retained])
        guard let parts = reply.elements, parts.count == 2 else { throw Self.malformed }
        return RetainedValue(value: parts[0], milliseconds: parts[1])
    }

    /// The arguments of `RedisTopicScripts.update`.
    private func arguments(of update: ClusterUpdate, messages: String) -> [[UInt8]] {
        // Whoever buries another node can only take away what it had.
        let isBurial = update.node != update.reporter
        var flags = update.isWhole || isBurial ? RedisTopicScripts.Flags.isWhole : 0
        if update.isBroken { flags |= RedisTopicScripts.Flags.isBroken }
        if update.settles { flags |= RedisTopicScripts.Flags.settles }
        if update.wantsMembers { flags |= RedisTopicScripts.Flags.wantsMembers }
        if update.wantsRetained { flags |= RedisTopicScripts.Flags.wantsRetained }
        if update.wasNoted { flags |= RedisTopicScripts.Flags.wasNoted }
        if update.wasLeft { flags |= RedisTopicScripts.Flags.wasLeft }
        var arguments = [
            "\(update.node)", "\(update.reporter)", options.usesShardedPubSub ? "SPUBLISH" : "PUBLISH", messages,
            "\(isBurial ? 0 : max(update.subscriptions, 0))", "\(max(update.subscriptionLimit, 0))",
            "\(max(update.memberLimit, 0))", "\(update.telling.rawValue)", "\(update.gracePeriod.wholeMilliseconds)",
            "\(update.acknowledged)", "\(flags)", "\(options.tombstoneLifetime.wholeMilliseconds)",
            "\(update.seen)", "\(ClusterUpdate.forgottenGrace.wholeMilliseconds)", "\(update.left.count)",
        ].map { Array($0.utf8) }
        for departure in update.left {
            let isKnown = update.known.contains(departure.userID)
            arguments.append([UInt8](decimal: (departure.isBroken ? 1 : 0) + (isKnown ? 2 : 0)))
            arguments.append(Array(departure.userID.utf8))
        }
        let joined = isBurial ? [] : update.joined
        arguments.append([UInt8](decimal: joined.count))
        for member in joined {
            arguments.append(Array(member.userID.utf8))
            arguments.append(member.userInfo ?? [])
            let isDeparted = update.departed.contains(member.userID)
            arguments.append([UInt8](decimal: update.known.contains(member.userID) ? 1 : isDeparted ? 2 : 0))
        }
        return arguments
    }
}
