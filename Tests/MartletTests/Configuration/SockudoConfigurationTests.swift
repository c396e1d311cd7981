import Server
import ServerCore
import Testing

@testable import martlet

/// Configuration as people who come from Sockudo have it.
@Suite
struct SockudoConfigurationTests {
    /// All sections that Sockudo's example files have, with values of our own.
    private let file = """
        {"debug":false,"host":"127.0.0.1","port":6010,"mode":"production","path_prefix":"/","shutdown_grace_period":8,
         "websocket_max_payload_kb":32,"user_authentication_timeout":1800,"activity_timeout":90,
         "unix_socket":{"enabled":false,"path":"/tmp/old.sock","permission_mode":"600"},
         "adapter":{"driver":"local","enable_socket_counting":true,"fallback_to_local":true,
           "redis":{"requests_timeout":1,"redis_pub_options":{}},"cluster":{"nodes":[],"use_connection_manager":true},
           "nats":{"servers":["nats://h:4222"]},"cluster_health":{"enabled":true},"iggy":{"stream":"x"}},
         "app_manager":{"driver":"memory","cache":{"enabled":false,"ttl":60},"array":{"apps":[
           {"id":"a","key":"a-key","secret":"a-secret","enabled":true,"max_connections":"10",
            "enable_client_messages":true,"allowed_origins":["*"]}]}},
         "cache":{"driver":"memory","redis":{"prefix":"p:"},"memory":{"ttl":30,"cleanup_interval":6,"max_capacity":100}},
         "database":{"redis":{"host":"redis","sentinels":[]},"mysql":{"password":"pw"},"dynamodb":{"region":"r"}},
         "queue":{"driver":"memory","redis":{"concurrency":5},"redis_cluster":{"nodes":[]},"sqs":{"fifo":false}},
         "rate_limiter":{"enabled":false,"driver":"redis","redis":{"prefix":"rl:"},
           "api_rate_limit":{"max_requests":9,"window_seconds":3,"identifier":"api","trust_hops":1},
           "websocket_rate_limit":{"max_requests":8,"window_seconds":2,"identifier":"ws","trust_hops":0}},
         "metrics":{"enabled":false,"driver":"prometheus","host":"0.0.0.0","port":9700,"prometheus":{"prefix":"s_"}},
         "ssl":{"enabled":false,"cert_path":"/c.pem","key_path":"/k.pem","redirect_http":false,"http_port":8080},
         "cors":{"credentials":true,"origin":["*"],"methods":["GET"],"allowed_headers":["Accept"]},
         "channel_limits":{"max_name_length":9},"event_limits":{"max_batch_size":9},
         "presence":{"max_members_per_channel":9,"max_member_size_in_kb":9},
         "http_api":{"request_limit_in_mb":4,"accept_traffic":{"memory_threshold":0.5}},
         "instance":{"process_id":"node-1"},"logging":{"colors_enabled":true},"database_pooling":{"enabled":true},
         "cleanup":{"worker_threads":"auto"},"delta_compression":{"enabled":true},"tag_filtering":{"enabled":true},
         "connection_recovery":{"enabled":false},"history":{"enabled":false},"push":{"dry_run":false},
         "websocket":{"max_messages":500,"max_bytes":1048576,"disconnect_on_buffer_full":false,"auto_ping":true,
           "ping_interval":30,"idle_timeout":120,"write_buffer_size":16384,"compression":"disabled"}}
        """

    @Test("a configuration with every section of Sockudo's starts the server unchanged")
    func example() async throws {
        let loaded = try await load(file: file)
        let server = loaded.settings.server
        #expect(server.listener.port == 6010)
        #expect(server.listener.limits.maxBodyBytes == 4 * 1024 * 1024)
        #expect(server.shutdown.gracePeriod == .seconds(8))
        #expect(server.connection.activityTimeout == .seconds(90))
        #expect(server.webSocket.maxPayloadBytes == 32 * 1024)
        #expect(server.webSocket.inboundMessageLimit == 32 * 1024)
        #expect(server.webSocket.maxPendingBytes == 1_048_576)
        #expect(!server.webSocket.disconnectsSlowConsumers)
        #expect(server.rateLimiter.api.limit == RateLimit(maxRequests: 9, windowSeconds: 3))
        #expect(server.rateLimiter.api.trustedHops == 1)
        #expect(server.metrics.prefix == "s_")
        #expect(loaded.settings.instanceID == "node-1")
        #expect(loaded.settings.appManager.apps[0].limits.maxConnections == 10)
        #expect(loaded.warnings.allSatisfy { !$0.contains("is not known") })
        #expect(loaded.warnings.contains { $0.contains("event_limits") })
    }

    @Test("the variables that its image and chart set are understood or told of")
    func chart() async throws {
        let loaded = try await load([
            "HOST": "0.0.0.0", "PORT": "6001", "METRICS_PORT": "9601", "ADAPTER_DRIVER": "local",
            "APP_MANAGER_DRIVER": "memory", "CACHE_DRIVER": "memory", "QUEUE_DRIVER": "memory",
            "RATE_LIMITER_DRIVER": "memory", "LOG_OUTPUT_FORMAT": "json", "RUST_LOG": "info",
            "SHUTDOWN_GRACE_PERIOD": "10", "HTTP_API_USAGE_ENABLED": "true", "CLUSTER_PORT": "6002",
            "DATABASE_REDIS_HOST": "redis", "CONFIG_FILE": "/app/config/config.json",
        ])
        #expect(loaded.settings.logging.format == .json)
        #expect(loaded.settings.redis.host == "redis")
        #expect(loaded.warnings.contains { $0.hasPrefix("environment variable RUST_LOG ") })
    }

    @Test("booleans have Sockudo's spellings", arguments: ["true", "1", "yes", "on", "TRUE", "On"])
    func booleans(text: String) async throws {
        #expect(try await load(["SSL_REDIRECT_HTTP": text]).settings.server.tls.redirectsHTTP)
    }

    @Test("an outbound bound of none or zero is off", arguments: ["none", "0", "NONE"])
    func noBound(text: String) async throws {
        let settings = try await load(["WEBSOCKET_MAX_MESSAGES": text, "WEBSOCKET_MAX_BYTES": "65536"]).settings
        #expect(settings.server.webSocket.maxPendingMessages == nil)
        #expect(settings.server.webSocket.inboundMessageLimit == 65_536)
        let unbounded = try await problems(["WEBSOCKET_MAX_MESSAGES": text])
        #expect(unbounded.count == 1)
    }
}
