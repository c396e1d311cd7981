import TestSupport
import Testing

@testable import RedisBackend

@Suite(
    "A client of a cluster",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(2))
)
struct RedisClusterTests {
    @Test("keys go to the masters of their slots, from seeds that are replicas")
    func routing() async throws {
        let cluster = try await RedisCluster.shared.get()
        let client = try TestRedis.client(of: cluster)
        let prefix = TestRedis.prefix()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let key = "\(prefix):\(number)"
                    _ = try await client.run("SET", key, "\(number)", "PX", "60000", key: key)
                    let reply = try await client.run("GET", key, key: key)
                    #expect(reply.text == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        #expect((client as? RedisClusterClient)?.masters.count == 3)
    }

    @Test("a wrong map is corrected by the node that was asked wrongly")
    func moved() async throws {
        let cluster = try await RedisCluster.shared.get()
        let client = try #require(try TestRedis.client(of: cluster) as? RedisClusterClient)
        await client.refresh()
        let wrong = try #require(client.masters.last)
        client.misplaceAllSlots(to: wrong)
        for number in 0..<50 {
            let key = "\(TestRedis.prefix()):\(number)"
            #expect(try await client.run("SET", key, "1", "PX", "60000", key: key) == .status("OK"))
        }
    }

    @Test("a script works on every shard")
    func scripts() async throws {
        let client = try TestRedis.client(of: try await RedisCluster.shared.get())
        let script = RedisScript("return redis.call('INCR', KEYS[1])")
        let prefix = TestRedis.prefix()
        for number in 0..<30 {
            let call = RedisScript.Call(keys: ["{\(prefix)\(number)}:a"], arguments: [])
            #expect(try await script.run(call, on: client, patience: .seconds(5)) == .integer(1))
        }
    }

    @Test("seeds that are all dead are said by name")
    func deadSeeds() async throws {
        let port = FreePort.next()
        let client = try TestRedis.client(.cluster([RedisAddress(host: "127.0.0.1", port: port)]))
        let error = await #expect(throws: RedisError.self) {
            try await client.run("GET", "a", key: "a", patience: .zero)
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    }

    @Test("a server that is no cluster is said to be none")
    func noCluster() async throws {
        let server = try await RedisServer.shared.get()
        let client = try TestRedis.client(.cluster([RedisAddress(host: "127.0.0.1", port: server.port)]))
        let error = await #expect(throws: RedisError.self) {
            try await client.run("GET", "a", key: "a", patience: .zero)
        }
        #expect(error?.description.contains("cluster support disabled") == true)
    }
}
