/// Sockudo's keys that are understood but have no effect, so that its configuration starts the server unchanged.
enum IgnoredKeys {
    /// Why a key has no effect.
    enum Reason: String {
        case notOffered = "belongs to something that this build does not offer"
        case withoutEffect = "has no effect, as in Sockudo"
        case notNeeded = "has no effect, the server does not need it"
        case neverDone = "has no effect, a backend that cannot be reached stops the start"
    }

    /// Keys and sections with everything below them.
    static let names: [String: Reason] = [
        "adapter.aggregate_counts": .notNeeded,
        "adapter.buffer_multiplier_per_cpu": .notNeeded,
        "adapter.cluster.use_connection_manager": .withoutEffect,
        "adapter.enable_socket_counting": .notNeeded,
        "adapter.fallback_to_local": .neverDone,
        "adapter.fast_presence_transitions": .notNeeded,
        "adapter.google_pubsub": .notOffered,
        "adapter.iggy": .notOffered,
        "adapter.kafka": .notOffered,
        "adapter.nats": .notOffered,
        "adapter.pulsar": .notOffered,
        "adapter.rabbitmq": .notOffered,
        "ably_compat": .notOffered,
        "ai_transport": .notOffered,
        "annotations": .notOffered,
        "app_manager.scylladb": .notOffered,
        "channel_limits": .withoutEffect,
        "cleanup": .notNeeded,
        "cluster_health": .notOffered,
        "connection_recovery": .notOffered,
        "database.mysql": .notOffered,
        "database.postgres": .notOffered,
        "database.redis.key_prefix": .notNeeded,
        "database.scylladb": .notOffered,
        "database.surrealdb": .notOffered,
        "database_pooling": .notOffered,
        "delta_compression": .notOffered,
        "echo_control": .notOffered,
        "ephemeral": .notOffered,
        "event_limits": .withoutEffect,
        "event_name_filtering": .notOffered,
        "history": .notOffered,
        "http_api.accept_traffic": .withoutEffect,
        "logging": .notNeeded,
        "metrics.tcp_exporter": .notOffered,
        "presence.max_member_size_in_kb": .withoutEffect,
        "presence.max_members_per_channel": .withoutEffect,
        "presence.update_rate_limit_per_member_per_second": .notOffered,
        "presence.v2_ungraceful_timeout_seconds": .notOffered,
        "presence_history": .notOffered,
        "push": .notOffered,
        "queue.google_pubsub": .notOffered,
        "queue.iggy": .notOffered,
        "queue.kafka": .notOffered,
        "queue.nats": .notOffered,
        "queue.pulsar": .notOffered,
        "queue.rabbitmq": .notOffered,
        "queue.redis.concurrency": .notNeeded,
        "queue.redis_cluster.concurrency": .notNeeded,
        "queue.reliability.completed_retention": .notNeeded,
        "queue.reliability.deduplication_ttl_ms": .notNeeded,
        "queue.reliability.event_retention": .notNeeded,
        "queue.reliability.lease_renew_interval_ms": .notNeeded,
        "queue.reliability.max_attempts": .notNeeded,
        "queue.reliability.max_batch_size": .notNeeded,
        "queue.reliability.retry_base_delay_ms": .notNeeded,
        "queue.reliability.retry_jitter": .notNeeded,
        "queue.reliability.retry_max_delay_ms": .notNeeded,
        "queue.reliability.shutdown_timeout_ms": .notNeeded,
        "queue.reliability.stalled_batch_size": .notNeeded,
        "queue.reliability.worker_poll_interval_ms": .notNeeded,
        "queue.reliability.worker_prefetch": .notNeeded,
        "queue.sns": .notOffered,
        "rate_limiter.api_rate_limit.identifier": .notNeeded,
        "rate_limiter.websocket_rate_limit.identifier": .notNeeded,
        "ssl.ca_path": .withoutEffect,
        "ssl.passphrase": .withoutEffect,
        "tag_filtering": .notOffered,
        "versioned_messages": .notOffered,
        "websocket.auto_ping": .notOffered,
        "websocket.compression": .notOffered,
        "websocket.idle_timeout": .notOffered,
        "websocket.max_backpressure": .notNeeded,
        "websocket.ping_interval": .notOffered,
        "websocket.write_buffer_size": .notNeeded,
    ]

    /// What the names of variables start with that belong to ignored keys.
    private static let environmentPrefixes: [(prefix: String, reason: Reason)] = [
        ("ADAPTER_", .notNeeded), ("ANNOTATIONS_", .notOffered), ("CLEANUP_", .notNeeded),
        ("CLUSTER_", .notOffered), ("CONNECTION_RECOVERY_", .notOffered), ("DATABASE_", .notOffered),
        ("HISTORY_", .notOffered), ("IGGY_", .notOffered), ("METRICS_TCP_EXPORTER_", .notOffered),
        ("NATS_", .notOffered), ("PRESENCE_", .notOffered), ("PUSH_", .notOffered), ("QUEUE_", .notOffered),
        ("REDIS_CLUSTER_", .notOffered), ("TAG_FILTERING_", .notOffered), ("VERSIONED_MESSAGES_", .notOffered),
        ("WEBSOCKET_", .notOffered),
    ]

    private static let environmentNames: [String: Reason] = [
        "ADAPTER_FALLBACK_TO_LOCAL": .neverDone,
        "LOG_COLORS_ENABLED": .notNeeded,
        "LOG_INCLUDE_TARGET": .notNeeded,
        "RUST_LOG": .notNeeded,
        "SOCKUDO_DEFAULT_APP_ANNOTATIONS_ENABLED": .notOffered,
        "SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND": .withoutEffect,
        "SOCKUDO_DEFAULT_APP_MAX_READ_REQUESTS_PER_SECOND": .withoutEffect,
        "SOCKUDO_LOG_DEBUG": .notNeeded,
        "SOCKUDO_LOG_PROD": .notNeeded,
    ]

    /// Why a variable that is not read has no effect, or `nil` if it is not Sockudo's.
    static func reason(forVariable name: String) -> Reason? {
        environmentNames[name] ?? environmentPrefixes.first { name.hasPrefix($0.prefix) }?.reason
    }
}
