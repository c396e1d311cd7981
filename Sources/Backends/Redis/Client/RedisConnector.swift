import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections: TCP, TLS, then the greeting that proves that the server answers us.
struct RedisConnector: Sendable {
    private let group: any EventLoopGroup
    private let configuration: RedisConfiguration
    private let credentials: RedisCredentials
    private let database: Int
    private let tls: RedisTLS?
    private let tlsContext: NIOSSLContext?

    /// Makes a connector to the servers themselves; throws when the TLS files cannot be used.
    init(group: any EventLoopGroup, configuration: RedisConfiguration) throws(RedisError) {
        try self.init(
            group: group,
            configuration: configuration,
            credentials: configuration.credentials,
            database: configuration.database,
            tls: configuration.tls
        )
    }

    /// Makes a connector to the sentinels.
    init(
        group: any EventLoopGroup,
        configuration: RedisConfiguration,
        sentinels: RedisSentinels
    ) throws(RedisError) {
        try self.init(
            group: group,
            configuration: configuration,
            credentials: sentinels.credentials,
            database: 0,
            tls: sentinels.tls
        )
    }

    private init(
        group: any EventLoopGroup,
        configuration: RedisConfiguration,
        credentials: RedisCredentials,
        database: Int,
        tls: RedisTLS?
    ) throws(RedisError) {
        self.group = group
        self.configuration = configuration
        self.credentials = credentials
        self.database = database
        self.tls = tls
        if let tls {
            tlsContext = try tls.makeContext()
        } else {
            tlsContext = nil
        }
    }

    /// Connects and greets.
    func connect(to address: RedisAddress) async throws(RedisError) -> RedisConnection {
        let connection: RedisConnection
        do {
            connection = try await dial(address)
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(.unreachable, "\(address) cannot be reached", underlying: error)
        }
        do throws(RedisError) {
            try await greet(connection)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private func dial(_ address: RedisAddress) async throws -> RedisConnection {
        let tlsContext = tlsContext
        let hostName = tls?.hostName(for: address.host)
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tlsContext {
                        try channel.pipeline.syncOperations.addHandler(
                            try Self.makeTLSHandler(tlsContext, hostName: hostName)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(RedisChannelHandler(address: address))
                }
            }
            .connect(host: address.host, port: address.port)
            .get()
        let handler = try await channel.eventLoop.submit {
            NIOLoopBound(
                try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self),
                eventLoop: channel.eventLoop
            )
        }.get()
        return RedisConnection(address: address, channel: channel, handler: handler, configuration: configuration)
    }

    /// Makes the handler of one connection; a name that is an address is checked against the peer's address instead.
    private static func makeTLSHandler(_ context: NIOSSLContext, hostName: String?) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: context, serverHostname: hostName)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            return try NIOSSLClientHandler(context: context, serverHostname: nil)
        }
    }

    /// Says who we are; the ping shows that a server that accepted the connection also works.
    private func greet(_ connection: RedisConnection) async throws(RedisError) {
        var commands: [RedisCommand] = []
        if let password = credentials.password {
            let words = ["AUTH"] + (credentials.username.map { [$0] } ?? []) + [password]
            commands.append(RedisCommand(words: words.map { Array($0.utf8) }, key: nil))
        }
        if database != 0 {
            commands.append(RedisCommand("SELECT", "\(database)"))
        }
        commands.append(RedisCommand("PING"))
        let replies: [RESPValue]
        do throws(RedisError) {
            replies = try await connection.send(commands, timeout: configuration.connectTimeout)
        } catch {
            throw RedisError(.unreachable, "\(connection.address) does not answer a greeting", underlying: error)
        }
        for (command, reply) in zip(commands, replies) {
            guard case .error(let text) = reply else { continue }
            // A server that forbids PING to this user answers nevertheless.
            if command.name == "PING", text.hasPrefix("NOPERM") { continue }
            let error = RedisError(reply: text, to: command, at: connection.address)
            throw error.code == .notServing
                ? RedisError(.unreachable, error.message) : error
        }
    }
}
