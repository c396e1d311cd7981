import TestSupport
import Testing

@testable import RedisBackend

@Suite(
    "A client that asks sentinels",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(2))
)
struct RedisSentinelTests {
    private func client(of group: RedisSentinelGroup, dead: Int? = nil) throws -> any RedisClient {
        let ports = (dead.map { [$0] } ?? []) + group.sentinels.map(\.port)
        var sentinels = RedisSentinels(
            addresses: ports.map { RedisAddress(host: "127.0.0.1", port: $0) },
            name: "mymaster"
        )
        sentinels.credentials.password = "s3ntinel"
        return try TestRedis.client(.sentinel(sentinels)) { $0.commandTimeout = .seconds(1) }
    }

    @Test("the master is found past a dead sentinel, and its successor after it was killed")
    func failover() async throws {
        let group = try await RedisSentinelGroup.start(sentinelPassword: "s3ntinel")
        let client = try client(of: group, dead: FreePort.next())
        #expect(try await client.run("SET", "a", "1", key: "a") == .status("OK"))
        #expect(try group.servers[0].control("GET", "a") == "1")
        try await Eventually.holds("the replica has the value", within: .seconds(10)) {
            group.servers[1].tryControl("GET", "a") == "1"
        }
        await group.servers[0].kill()
        #expect(try await client.run("SET", "b", "2", key: "b", patience: .seconds(40)) == .status("OK"))
        #expect(try group.servers[1].control("GET", "b") == "2")
        client.close()
        await group.stop()
    }

    @Test("a master that was demoted is left for the new one")
    func demotion() async throws {
        let group = try await RedisSentinelGroup.start(sentinelPassword: "s3ntinel")
        let client = try client(of: group)
        _ = try await client.run("SET", "a", "1", key: "a")
        try group.sentinels[0].control("SENTINEL", "FAILOVER", "mymaster")
        try await Eventually.holds("the replica is the master", within: .seconds(30)) {
            group.servers[1].tryControl("ROLE")?.hasPrefix("master") ?? false
        }
        try await Eventually.holds("the old master is a replica", within: .seconds(30)) {
            group.servers[0].tryControl("ROLE")?.hasPrefix("slave") ?? false
        }
        #expect(try await client.run("SET", "b", "2", key: "b", patience: .seconds(30)) == .status("OK"))
        #expect(try group.servers[1].control("GET", "b") == "2")
        client.close()
        await group.stop()
    }

    @Test("a name that no sentinel knows is said")
    func unknownName() async throws {
        let group = try await RedisSentinelGroup.start()
        let sentinels = RedisSentinels(
            addresses: [RedisAddress(host: "127.0.0.1", port: group.sentinels[0].port)],
            name: "nobody"
        )
        let client = try TestRedis.client(.sentinel(sentinels))
        let error = await #expect(throws: RedisError.self) {
            try await client.run("PING", key: "", patience: .zero)
        }
        #expect(error?.message.contains("'nobody'") == true)
        await group.stop()
    }
}
