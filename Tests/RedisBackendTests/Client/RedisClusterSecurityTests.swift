import Foundation
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

@Suite(
    "A guarded cluster",
    .serialized,
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(2))
)
struct RedisClusterSecurityTests {
    /// What the README says that a user needs.
    private static let rights = ["+@all", "-@admin", "-@dangerous", "+cluster|shards", "+cluster|slots", "+role"]

    @Test("every role works with the rights that are documented, and with no more keys than its own")
    func accessList() async throws {
        let cluster = try await RedisCluster.start { _ in
            ["--user", "rt", "on", ">s3cret", "~martlet_test*"] + Self.rights
        }
        let client = try TestRedis.client(of: cluster) {
            $0.credentials = RedisCredentials(username: "rt", password: "s3cret")
        }
        let prefix = TestRedis.prefix()
        let cache = RedisCacheStore(client: client, prefix: prefix)
        try await cache.checkHealth()
        #expect(try await cache.setIfAbsent([1], for: "a", ttl: .seconds(60)))
        #expect(try await cache.value(for: "a")?.bytes == [1])
        try await cache.remove("a")
        let limiter = RedisRateLimiter(client: client, prefix: prefix)
        #expect(try await limiter.consume("a", limit: RateLimit(maxRequests: 1, windowSeconds: 60)).isAllowed)
        var configuration = RedisJobQueueConfiguration()
        configuration.prefix = prefix
        let queue = RedisJobQueue(client: client, configuration: configuration)
        try await queue.enqueue([[1], [2]])
        let jobs = try await queue.receive(max: 2, waiting: .zero)
        try await queue.acknowledge(jobs[0])
        try await queue.deadLetter(jobs[1], reason: "test")
        #expect(try await queue.depth() == JobQueueDepth(waiting: 0, leased: 0, deadLettered: 1))
        let foreign = RedisCacheStore(client: client, prefix: "other")
        let error = await #expect(throws: BackendError.self) { try await foreign.value(for: "a") }
        #expect(error?.code == .rejected)
        client.close()
        await cluster.stop()
    }

    @Test("TLS to nodes that announce addresses which are not in their certificates")
    func hostNames() async throws {
        let folder = try await ServiceCertificates.shared.get()
        let file = { (name: String) in folder.appending(path: name).path }
        let ports = (0..<6).map { _ in FreePort.next() }
        let cluster = try await RedisCluster.start { index in
            [
                "--tls-port", "\(ports[index])", "--tls-cert-file", file("named.pem"), "--tls-key-file",
                file("named.key"),
                "--tls-ca-cert-file", file("authority.pem"), "--tls-auth-clients", "no",
                // Otherwise nodes of version 7.0 do not tell each other's TLS ports.
                "--tls-cluster", "yes", "--tls-replication", "yes",
            ]
        }
        var tls = RedisTLS()
        tls.authorityPath = file("authority.pem")
        tls.defaultHostName = "node-1.redis.test"
        let seeds = ports.suffix(2).map { RedisAddress(host: "127.0.0.1", port: $0) }
        let client = try TestRedis.client(.cluster(seeds)) { $0.tls = tls }
        for number in 0..<40 {
            let key = "\(TestRedis.prefix()):\(number)"
            #expect(try await client.run("SET", key, "1", "PX", "60000", key: key) == .status("OK"))
        }
        let masters = try #require(client as? RedisClusterClient).masters
        #expect(Set(masters.map(\.port)).isSubset(of: ports))
        tls.defaultHostName = "node-2.redis.test"
        let wary = try TestRedis.client(.cluster(seeds)) { $0.tls = tls }
        await #expect(throws: RedisError.self) { try await wary.run("GET", "a", key: "a", patience: .zero) }
        client.close()
        await cluster.stop()
    }
}
