import ChannelHub
import Server
import ServerCore
import Testing

@testable import martlet

/// The tables of keys as a whole.
@Suite
struct KeyTableTests {
    @Test("no key is written down twice")
    func uniqueNames() {
        #expect(KeyTable.byName.count == KeyTable.all.count)
        #expect(KeyTable.sections.isDisjoint(with: KeyTable.byName.keys))
        #expect(Set(IgnoredKeys.names.keys).isDisjoint(with: KeyTable.byName.keys))
    }

    @Test("only the cache time and REDIS_URL set several keys")
    func uniqueVariables() {
        let names = KeyTable.all.flatMap(\.environment)
        let repeated = Set(names.filter { name in names.count { $0 == name } > 1 })
        #expect(repeated == ["CACHE_TTL_SECONDS", "REDIS_URL"])
    }

    @Test("every default is valid, and is stored as it is read", arguments: KeyTable.all.map(\.name))
    func defaultsRoundTrip(name: String) throws {
        let key = try #require(KeyTable.byName[name])
        var settings = Settings()
        key.store(key.defaultValue, in: &settings)
        #expect(settings == Settings())
        #expect(Settings().validate().isEmpty)
    }

    @Test("a value given by variable or on the command line ends in the settings", arguments: KeyTable.all.map(\.name))
    func everySource(name: String) async throws {
        let key = try #require(KeyTable.byName[name])
        guard let example = key.example else { return }
        var loader = SettingsLoader(environment: [:], directory: "/nonexistent")
        let others = ["default_app.id", "default_app.key", "default_app.secret"]
        loader.commandLine.assignments = others.contains(name) ? others.map { "\($0)=x" } : []
        if name == "ssl.enabled" {
            loader.commandLine.assignments = ["ssl.cert_path=c.pem", "ssl.key_path=k.pem"]
        }
        var commandLine = loader
        commandLine.commandLine.assignments.append("\(name)=\(example)")
        var sources = [commandLine]
        for variable in key.environment {
            loader.environment = [variable: example]
            sources.append(loader)
        }
        for source in sources {
            let settings = try await source.load().settings
            #expect(key.value(in: settings).description == example)
            #expect(example != key.defaultValue.description)
        }
    }

    @Test(
        "the documented defaults are the ones in the structs",
        arguments: [
            ("host", "0.0.0.0"), ("port", "6001"), ("path_prefix", "/"), ("debug", "false"), ("mode", "production"),
            ("max_connections", "0"), ("shutdown_grace_period", "10"), ("user_authentication_timeout", "3600"),
            ("activity_timeout", "120"), ("websocket_max_payload_kb", "64"), ("health_check_timeout_ms", "2000"),
            ("http_api.request_limit_in_mb", "10"), ("http_api.usage_enabled", "true"),
            ("idempotency.enabled", "true"), ("idempotency.ttl_seconds", "120"),
            ("idempotency.max_key_length", "128"), ("presence.ungraceful_timeout_seconds", "0"),
            ("websocket.max_messages", "1000"), ("websocket.max_bytes", "none"),
            ("websocket.disconnect_on_buffer_full", "true"), ("websocket.max_message_size", "67108864"),
            ("websocket.max_frame_size", "16777216"), ("ssl.enabled", "false"), ("ssl.http_port", "80"),
            ("unix_socket.enabled", "false"), ("unix_socket.permission_mode", "660"),
            ("cors.credentials", "true"), ("cors.origin", "*"), ("metrics.enabled", "true"),
            ("metrics.driver", "prometheus"), ("metrics.host", "0.0.0.0"), ("metrics.port", "9601"),
            ("metrics.prometheus.prefix", "martlet_"), ("adapter.driver", "local"), ("app_manager.driver", "memory"),
            ("app_manager.cache.enabled", "true"), ("app_manager.cache.ttl", "300"), ("cache.driver", "memory"),
            ("cache.memory.ttl", "300"), ("cache.memory.cleanup_interval", "60"),
            ("cache.memory.max_capacity", "10000"), ("queue.driver", "memory"),
            ("queue.reliability.memory_capacity", "100000"), ("queue.reliability.lease_duration_ms", "30000"),
            ("rate_limiter.enabled", "true"), ("rate_limiter.driver", "memory"),
            ("rate_limiter.api_rate_limit.max_requests", "100"), ("rate_limiter.api_rate_limit.window_seconds", "60"),
            ("rate_limiter.websocket_rate_limit.max_requests", "20"),
            ("rate_limiter.websocket_rate_limit.window_seconds", "60"),
            ("adapter.redis.prefix", "martlet_adapter:"), ("adapter.redis.requests_timeout", "5000"),
            ("adapter.redis.redis_pub_options.url", "none"), ("adapter.redis.redis_sub_options.url", "none"),
            ("adapter.redis.cluster_mode", "false"), ("adapter.cluster.prefix", "martlet_adapter:"),
            ("adapter.cluster.nodes", ""), ("adapter.cluster.request_timeout_ms", "1000"),
            ("adapter.cluster.use_sharded_pubsub", "none"), ("adapter.cluster.tls.enabled", "false"),
            ("adapter.cluster_health.enabled", "true"), ("adapter.cluster_health.heartbeat_interval_ms", "3000"),
            ("adapter.cluster_health.node_timeout_ms", "10000"),
            ("adapter.cluster_health.cleanup_interval_ms", "2000"),
            ("adapter.publish_buffer_messages", "100000"), ("adapter.publish_buffer_bytes", "67108864"),
            ("adapter.publish_buffer_ms", "30000"), ("adapter.strict_publish", "false"),
            ("adapter.subscription_linger_ms", "5000"),
            ("cache.on_error", "closed"),
            ("rate_limiter.on_error", "closed"), ("database.redis.host", "127.0.0.1"), ("database.redis.port", "6379"),
            ("cache.redis.prefix", "martlet_cache"), ("queue.redis.prefix", "martlet_queue"),
            ("queue.redis_cluster.prefix", "martlet_queue"), ("rate_limiter.redis.prefix", "martlet_rl"),
            ("queue.redis.response_timeout_ms", "5000"), ("users.terminate_close_code", "4009"),
            ("channels.cache_ttl_seconds", "1800"),
            ("database.dynamodb.table_name", "sockudo-applications"), ("database.dynamodb.key_index_name", "KeyIndex"),
            ("database.dynamodb.region", "none"), ("queue.sqs.queue_name", "webhooks"),
            ("queue.sqs.visibility_timeout", "30"),
            ("queue.sqs.max_messages", "10"), ("queue.sqs.wait_time_seconds", "5"), ("queue.sqs.concurrency", "5"),
            ("queue.sqs.fifo", "false"), ("queue.sqs.message_group_id", "default"), ("queue.sqs.region", "none"),
            ("queue.sqs.create_queue", "false"), ("queue.sqs.protocol", "json"),
            ("webhooks.grace_period_ms", "3000"), ("users.watchlist_max", "100"), ("shutdown_pause_ms", "0"),
        ]
    )
    func documentedDefaults(name: String, value: String) throws {
        let key = try #require(KeyTable.byName[name])
        #expect(key.defaultValue.description == value)
    }
}

extension SettingKey {
    /// A valid text of the key's kind that is not the default, where there is one.
    fileprivate var example: String? {
        let special = [
            "path_prefix": "/base", "unix_socket.path": "/tmp/s", "unix_socket.permission_mode": "600",
            "users.terminate_close_code": "4200", "http_api.stats_token": "0123456789abcdef",
            "listener.max_header_bytes": "2048", "webhooks.retry.max_backoff_ms": "7000",
            "websocket.max_bytes": "65536", "shutdown_pause_ms": "5000",
            "queue.reliability.lease_duration_ms": "5000", "websocket_max_payload_kb": "7",
            "websocket.max_message_size": "4096", "websocket.max_frame_size": "4096",
            "queue.sqs.max_messages": "7",
        ]
        if let text = special[name] { return text }
        switch kind {
        case .bool: return defaultValue == .flag(true) ? "false" : "true"
        case .number, .seconds, .milliseconds, .bytes, .kibibytes, .mebibytes, .limit: return "17"
        case .text: return "text"
        case .list: return "A,B"
        case .levels: return "http=debug,hub=trace"
        case .choice(let choices): return choices.first { $0 != defaultValue.description }
        case .driver(_, let offers): return offers.first { $0 != defaultValue.description }
        case .apps: return nil
        }
    }
}
