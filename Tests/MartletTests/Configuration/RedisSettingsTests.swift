import RedisBackend
import Testing

@testable import martlet

/// Where roles find their Redis.
@Suite
struct RedisSettingsTests {
    private func configuration(
        of role: RedisRole,
        isCluster: Bool = false,
        _ environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> RedisConfiguration {
        try await load(environment, file: file).settings.redis.configuration(of: role, isCluster: isCluster)
    }

    @Test("without a word it is the local server")
    func defaults() async throws {
        let found = try await configuration(of: .cache)
        #expect(found.topology == .standalone(RedisAddress(host: "127.0.0.1", port: 6379)))
        #expect(found.tls == nil)
        #expect(found.database == 0)
        #expect(found.commandTimeout == .seconds(5))
    }

    @Test("Sockudo's variables for one server")
    func variables() async throws {
        let found = try await configuration(
            of: .queue,
            [
                "DATABASE_REDIS_HOST": "rediss://redis.example", "DATABASE_REDIS_PORT": "6380",
                "DATABASE_REDIS_DB": "2",
                "DATABASE_REDIS_USERNAME": "u", "DATABASE_REDIS_PASSWORD": "p",
                "DATABASE_REDIS_MASTER_TLS_CA_PATH": "/ca.pem", "QUEUE_REDIS_RESPONSE_TIMEOUT_MS": "700",
                "MARTLET_DATABASE_REDIS_TLS_HOST_NAMES": "10.0.0.1=a.example,b.example",
            ]
        )
        #expect(found.topology == .standalone(RedisAddress(host: "redis.example", port: 6380)))
        #expect(found.database == 2)
        #expect(found.credentials == RedisCredentials(username: "u", password: "p"))
        #expect(found.tls?.authorityPath == "/ca.pem")
        #expect(found.tls?.hostNames == ["10.0.0.1": "a.example"])
        #expect(found.tls?.defaultHostName == "b.example")
        #expect(found.commandTimeout == .milliseconds(700))
    }

    @Test("REDIS_URL is for every role and wins over the server and its sentinels")
    func url() async throws {
        for role in [RedisRole.cache, .queue, .rateLimiter] {
            let found = try await configuration(
                of: role,
                ["REDIS_URL": "redis://:pw@other:7/4", "DATABASE_REDIS_PASSWORD": "p"],
                file: #"{"database":{"redis":{"sentinels":[{"host":"s1"}]}}}"#
            )
            #expect(found.topology == .standalone(RedisAddress(host: "other", port: 7)))
            #expect(found.credentials == RedisCredentials(password: "pw"))
            #expect(found.database == 4)
        }
    }

    @Test("sentinels, written as objects, with credentials and TLS of their own")
    func sentinels() async throws {
        let found = try await configuration(
            of: .cache,
            file: """
                {"database":{"redis":{"name":"main","password":"p","sentinel_password":"sp",
                  "sentinels":[{"host":"s1","port":26380},{"host":"s2"}],
                  "sentinel_tls":{"enabled":true,"accept_invalid_certs":true}}}}
                """
        )
        var sentinels = RedisSentinels(
            addresses: [RedisAddress(host: "s1", port: 26_380), RedisAddress(host: "s2", port: 26_379)],
            name: "main"
        )
        sentinels.credentials.password = "sp"
        var tls = RedisTLS()
        tls.acceptsInvalidCertificates = true
        sentinels.tls = tls
        #expect(found.topology == .sentinel(sentinels))
        #expect(found.credentials.password == "p")
        #expect(found.tls == nil)
    }

    @Test(
        "the nodes of a cluster, as objects or as texts, under the new and the older name",
        arguments: [
            #"{"cluster":{"nodes":[{"host":"a","port":7001},{"host":"b"}],"password":"cp"}}"#,
            #"{"cluster_nodes":[{"host":"a","port":7001},{"host":"b"}],"cluster":{"password":"cp"}}"#,
            #"{"cluster":{"nodes":["redis://a:7001","b"],"password":"cp"},"password":"p"}"#,
            #"{"cluster":{"nodes":["redis://:cp@a:7001","redis://:cp@b:7000"],"password":"x"}}"#,
        ]
    )
    func cluster(section: String) async throws {
        for role in [RedisRole.cache, .queue, .rateLimiter] {
            let found = try await configuration(of: role, isCluster: true, file: #"{"database":{"redis":\#(section)}}"#)
            #expect(
                found.topology == .cluster([RedisAddress(host: "a", port: 7001), RedisAddress(host: "b", port: 7000)])
            )
            #expect(found.credentials.password == "cp")
        }
    }

    @Test("the driver redis with cluster_mode, the queue's own nodes, and TLS to a cluster")
    func clusterMode() async throws {
        let mode = try await configuration(
            of: .cache,
            ["REDIS_CLUSTER_NODES": "a:1,rediss://b:2"],
            file: #"{"cache":{"redis":{"cluster_mode":true}}}"#
        )
        #expect(mode.topology == .cluster([RedisAddress(host: "a", port: 1), RedisAddress(host: "b", port: 2)]))
        #expect(mode.tls != nil)
        let own = try await configuration(
            of: .queue,
            isCluster: true,
            ["DATABASE_REDIS_CLUSTER_USE_TLS": "true"],
            file: #"{"queue":{"redis_cluster":{"nodes":["redis://q:9"],"request_timeout_ms":900}}}"#
        )
        #expect(own.topology == .cluster([RedisAddress(host: "q", port: 9)]))
        #expect(own.tls != nil)
        #expect(own.commandTimeout == .milliseconds(900))
    }

    @Test("what cannot work is told by its key, if the role is in use, and without the password")
    func invalid() async throws {
        let bad = ["REDIS_URL": "redis://:secret@h:x"]
        #expect(try await problems(bad).isEmpty)
        let found = try await problems(bad.merging(["CACHE_DRIVER": "redis"]) { $1 })
        #expect(found.count == 1)
        #expect(found.first?.contains("cache.redis.url_override") == true)
        #expect(found.first?.contains("secret") == false)
        let prefix = try await problems(["QUEUE_DRIVER": "redis", "QUEUE_REDIS_PREFIX": "a{b}"])
        #expect(prefix.first?.contains("queue.redis.prefix") == true)
    }
}
