import RedisBackend
import Testing

@testable import martlet

/// How nodes reach each other.
@Suite
struct AdapterSettingsTests {
    private func settings(_ environment: [String: String] = [:], file: String? = nil) async throws -> Settings {
        try await load(environment, file: file).settings
    }

    @Test("Sockudo's section for one server")
    func single() async throws {
        let found = try await settings(
            file: """
                {"adapter":{"driver":"redis","fallback_to_local":false,"redis":{"prefix":"p:","requests_timeout":700,
                  "redis_pub_options":{"url":"rediss://:pw@a:7"},"redis_sub_options":{"url":"rediss://:pw@a:7"}},
                  "publish_buffer_messages":5,"publish_buffer_bytes":6,"publish_buffer_ms":7,"strict_publish":true,
                  "subscription_linger_ms":8}}
                """
        )
        let configuration = try found.redis.configuration(of: .adapter, isCluster: false)
        #expect(found.drivers.adapter == .redis)
        #expect(configuration.topology == .standalone(RedisAddress(host: "a", port: 7)))
        #expect(configuration.credentials.password == "pw")
        #expect(configuration.tls != nil)
        #expect(configuration.commandTimeout == .milliseconds(700))
        let options = found.adapter.transportOptions(
            prefix: found.redis[.adapter, isCluster: false].prefix,
            isCluster: false
        )
        #expect(options.prefix == "p:")
        #expect(options.maxBufferedMessages == 5)
        #expect(options.maxBufferedBytes == 6)
        #expect(options.maxBufferedTime == .milliseconds(7))
        #expect(found.adapter.isStrict)
        #expect(found.adapter.subscriptionLinger == .milliseconds(8))
    }

    @Test("Sockudo's section for a cluster, with TLS of its own")
    func cluster() async throws {
        let found = try await settings(
            ["REDIS_CLUSTER_NODES": "other:1"],
            file: """
                {"adapter":{"driver":"redis-cluster","cluster":{"nodes":["redis://a:7001","redis://b:7002"],
                  "prefix":"p:","request_timeout_ms":600,"use_connection_manager":true,
                  "tls":{"enabled":true,"ca_path":"/ca.pem"}}}}
                """
        )
        let configuration = try found.redis.configuration(of: .adapter, isCluster: true)
        #expect(
            configuration.topology
                == .cluster([RedisAddress(host: "a", port: 7001), RedisAddress(host: "b", port: 7002)])
        )
        #expect(configuration.tls?.authorityPath == "/ca.pem")
        #expect(configuration.commandTimeout == .milliseconds(600))
        let shared = try await settings(["REDIS_CLUSTER_NODES": "other:1", "ADAPTER_DRIVER": "redis-cluster"])
        let common = try shared.redis.configuration(of: .adapter, isCluster: true)
        #expect(common.topology == .cluster([RedisAddress(host: "other", port: 1)]))
        #expect(common.tls == nil)
    }

    @Test(
        "sharded pub/sub is on, off, or where the servers can",
        arguments: [
            (#"{"use_sharded_pubsub":true}"#, .always), (#"{"use_sharded_pubsub":false}"#, .never),
            ("{}", .automatic),
        ] as [(String, RedisTransportOptions.ShardedPubSub)]
    )
    func sharding(section: String, expected: RedisTransportOptions.ShardedPubSub) async throws {
        let found = try await settings(file: #"{"adapter":{"driver":"redis-cluster","cluster":\#(section)}}"#)
        #expect(found.adapter.transportOptions(prefix: "p:", isCluster: true).shardedPubSub == expected)
        #expect(found.adapter.transportOptions(prefix: "p:", isCluster: false).shardedPubSub == .automatic)
    }

    @Test("the variables of the cluster's health have an effect")
    func health() async throws {
        let found = try await settings([
            "CLUSTER_HEALTH_ENABLED": "false", "CLUSTER_HEALTH_HEARTBEAT_INTERVAL": "1000",
            "CLUSTER_HEALTH_NODE_TIMEOUT": "4000", "CLUSTER_HEALTH_CLEANUP_INTERVAL": "500",
        ]).adapter.health
        #expect(found.isEnabled == false)
        #expect(found.heartbeatInterval == .milliseconds(1_000))
        #expect(found.nodeTimeout == .milliseconds(4_000))
        #expect(found.cleanupInterval == .milliseconds(500))
    }

    @Test(
        "what cannot work is told by its key",
        arguments: [
            (["CLUSTER_HEALTH_HEARTBEAT_INTERVAL": "3334"], "adapter.cluster_health.heartbeat_interval_ms"),
            (["CLUSTER_HEALTH_CLEANUP_INTERVAL": "10001"], "adapter.cluster_health.cleanup_interval_ms"),
            (["CLUSTER_HEALTH_NODE_TIMEOUT": "8999"], "adapter.cluster_health.heartbeat_interval_ms"),
            (["MARTLET_ADAPTER_PUBLISH_BUFFER_MESSAGES": "0"], "adapter.publish_buffer_messages"),
            (["MARTLET_ADAPTER_REDIS_PREFIX": "a{b}"], "adapter.redis.prefix"),
            (["MARTLET_ADAPTER_REDIS_SUB_URL": "redis://b"], "adapter.redis.redis_sub_options.url"),
            (["MARTLET_ADAPTER_REDIS_PUB_URL": "redis://b:x"], "adapter.redis.redis_pub_options.url"),
        ]
    )
    func invalid(environment: [String: String], key: String) async throws {
        #expect(try await problems(environment).isEmpty)
        let found = try await problems(environment.merging(["ADAPTER_DRIVER": "redis"]) { $1 })
        #expect(found.count == 1)
        #expect(found.first?.contains(key) == true)
    }

    @Test("nodes that share channels and not their cache are warned of")
    func memoryCache() async throws {
        let one = try await load(["ADAPTER_DRIVER": "redis"]).warnings
        #expect(one.contains { $0.contains("idempotency") && $0.contains("cache.driver") })
        let other = try await load(["ADAPTER_DRIVER": "redis", "CACHE_DRIVER": "redis"]).warnings
        #expect(!other.contains { $0.contains("idempotency") })
        let local = try await load().warnings
        #expect(!local.contains { $0.contains("idempotency") })
    }
}
