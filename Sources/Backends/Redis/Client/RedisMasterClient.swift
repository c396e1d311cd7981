import NIOCore

/// Runs commands at one master: the only server there is, or the one that the sentinels name.
///
/// A server that turns out to be no master any more is left, and the master is looked up anew.
final class RedisMasterClient: RedisClient {
    private let node: RedisNode

    /// Makes a client whose connections `dial` makes.
    init(on loop: any EventLoop, dial: @escaping @Sendable () async throws(RedisError) -> RedisConnection) {
        node = RedisNode(on: loop, dial: dial)
    }

    func run(_ command: RedisCommand, patience: Duration) async throws(RedisError) -> RESPValue {
        var schedule = RetrySchedule(patience: patience)
        while true {
            do throws(RedisError) {
                return try await attempt(command)
            } catch {
                guard let pause = schedule.pause(after: error, of: command, downSince: node.downSince) else {
                    throw error
                }
                try await RetrySchedule.sleep(pause)
            }
        }
    }

    func close() {
        node.close()
    }

    private func attempt(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        let connection = try await node.connection()
        let reply = try await connection.send([command])[0]
        guard case .error(let text) = reply else { return reply }
        if let kind = reply.errorKind, ["READONLY", "MASTERDOWN"].contains(kind) {
            node.leave(connection)
        }
        throw RedisError(reply: text, to: command, at: connection.address)
    }
}
