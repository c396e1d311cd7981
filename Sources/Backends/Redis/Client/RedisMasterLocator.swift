import NIOCore
import Synchronization

/// Finds the master of a name by asking the sentinels, and connects to it once it says itself that it is the master.
final class RedisMasterLocator: Sendable {
    private let name: String
    private let sentinelConnector: RedisConnector
    private let connector: RedisConnector
    /// The sentinels, the one that answered last first.
    private let addresses: Mutex<[RedisAddress]>

    init(group: any EventLoopGroup, configuration: RedisConfiguration, sentinels: RedisSentinels) throws(RedisError) {
        name = sentinels.name
        sentinelConnector = try RedisConnector(group: group, configuration: configuration, sentinels: sentinels)
        connector = try RedisConnector(group: group, configuration: configuration)
        addresses = Mutex(sentinels.addresses)
    }

    /// Connects to the master; throws the last sentinel's failure when none knows a reachable one.
    func connect() async throws(RedisError) -> RedisConnection {
        var failure = RedisError(.unreachable, "no sentinel is configured")
        for sentinel in addresses.withLock(\.self) {
            do throws(RedisError) {
                let connection = try await verified(connector.connect(to: master(by: sentinel)))
                prefer(sentinel)
                return connection
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func master(by sentinel: RedisAddress) async throws(RedisError) -> RedisAddress {
        let connection = try await sentinelConnector.connect(to: sentinel)
        defer { connection.close() }
        let command = RedisCommand("SENTINEL", "get-master-addr-by-name", name)
        let reply = try await connection.send([command])[0]
        if case .error(let text) = reply { throw RedisError(reply: text, to: command, at: sentinel) }
        guard let parts = reply.elements, parts.count == 2,
            let host = parts[0].text, let port = parts[1].integer
        else {
            throw RedisError(.unreachable, "the sentinel \(sentinel) knows no master '\(name)'")
        }
        return RedisAddress(host: host, port: Int(port))
    }

    /// A sentinel's word may be old: the server itself decides.
    private func verified(_ connection: RedisConnection) async throws(RedisError) -> RedisConnection {
        let reply: RESPValue
        do throws(RedisError) {
            reply = try await connection.send([RedisCommand("ROLE")])[0]
        } catch {
            connection.close()
            throw error
        }
        // A user who may not ask is told by READONLY when the time comes.
        if reply.errorKind == "NOPERM" { return connection }
        guard reply.elements?.first?.text == "master" else {
            connection.close()
            throw RedisError(.unreachable, "\(connection.address) is not the master of '\(name)' any more")
        }
        return connection
    }

    private func prefer(_ sentinel: RedisAddress) {
        addresses.withLock { addresses in
            guard let index = addresses.firstIndex(of: sentinel), index > 0 else { return }
            addresses.insert(addresses.remove(at: index), at: 0)
        }
    }
}
