package import NIOCore

/// Runs commands at a Redis deployment, whatever its shape, through failures that pass.
///
/// Contract: an error reply is thrown. A command that was certainly not done is tried again until `patience` is over,
/// counted from the beginning of the outage, so that a long one costs each command only its error; one that may have
/// been done only if it is repeatable. Safe to call from any task.
package protocol RedisClient: Sendable {
    /// Runs a command at the node that serves its key.
    func run(_ command: RedisCommand, patience: Duration) async throws(RedisError) -> RESPValue

    /// Ends all connections; later commands throw `.closed`.
    func close()
}

extension RedisClient {
    /// Throws unless the node that serves a key answers.
    package func checkHealth(key: String, patience: Duration) async throws(RedisError) {
        _ = try await run(RedisCommand("EXISTS", key, key: key, isRepeatable: true), patience: patience)
    }
}

extension RedisConfiguration {
    /// Makes the client of this deployment; connections are made with the first command.
    package func makeClient(on group: any EventLoopGroup) throws(RedisError) -> any RedisClient {
        switch topology {
        case .standalone(let address):
            let connector = try RedisConnector(group: group, configuration: self)
            return RedisMasterClient(on: group.next()) { () throws(RedisError) in
                try await connector.connect(to: address)
            }
        case .sentinel(let sentinels):
            let locator = try RedisMasterLocator(group: group, configuration: self, sentinels: sentinels)
            return RedisMasterClient(on: group.next()) { () throws(RedisError) in
                try await locator.connect()
            }
        case .cluster(let seeds):
            return RedisClusterClient(
                seeds: seeds,
                connector: try RedisConnector(group: group, configuration: self),
                usesTLS: tls != nil,
                group: group
            )
        }
    }

    /// Makes a way to connect to the places of this deployment, with connections that live on one loop.
    func dial(
        on loop: any EventLoop
    ) throws(RedisError) -> @Sendable (TransportPlace) async throws -> RedisConnection {
        let connector = try RedisConnector(group: loop, configuration: self)
        let master: @Sendable () async throws -> RedisConnection
        switch topology {
        case .standalone(let address):
            master = { try await connector.connect(to: address) }
        case .sentinel(let sentinels):
            let locator = try RedisMasterLocator(group: loop, configuration: self, sentinels: sentinels)
            master = { try await locator.connect() }
        case .cluster(let seeds):
            master = { throw RedisError(.unreachable, "the cluster of \(seeds) has no master of everything") }
        }
        return { place in
            switch place {
            case .master: try await master()
            case .node(let address): try await connector.connect(to: address)
            }
        }
    }
}
