/// How nodes reach each other, with Sockudo's names; the prefixes and the times of leases are our own defaults.
///
/// Sockudo's variables `CLUSTER_HEALTH_*` have no effect there; here they have.
enum AdapterKeys {
    static let all = adapter + redis + cluster + health

    private static let adapter: [SettingKey] = [
        .driver("adapter.driver", "ADAPTER_DRIVER", role: "adapter", at: \.drivers.adapter),
        .number(
            "adapter.publish_buffer_messages",
            "MARTLET_ADAPTER_PUBLISH_BUFFER_MESSAGES",
            at: \.adapter.bufferedMessages,
            "Messages to other nodes that may wait; more are dropped"
        ),
        .size(
            "adapter.publish_buffer_bytes",
            "MARTLET_ADAPTER_PUBLISH_BUFFER_BYTES",
            in: .bytes,
            at: \.adapter.bufferedBytes,
            "Bytes of those messages"
        ),
        .milliseconds(
            "adapter.publish_buffer_ms",
            "MARTLET_ADAPTER_PUBLISH_BUFFER_MS",
            at: \.adapter.bufferedTime,
            "Time that a message may wait"
        ),
        .flag(
            "adapter.strict_publish",
            "MARTLET_ADAPTER_STRICT_PUBLISH",
            at: \.adapter.isStrict,
            "Refuse to publish while messages cannot leave"
        ),
        .milliseconds(
            "adapter.subscription_linger_ms",
            "MARTLET_ADAPTER_SUBSCRIPTION_LINGER_MS",
            at: \.adapter.subscriptionLinger,
            "Time that a channel is still listened to after its last subscriber"
        ),
    ]

    private static let redis: [SettingKey] = [
        .text(
            "adapter.redis.prefix",
            "MARTLET_ADAPTER_REDIS_PREFIX",
            at: \.redis.adapter.prefix,
            "What keys and topics begin with"
        ),
        .milliseconds(
            "adapter.redis.requests_timeout",
            "MARTLET_ADAPTER_REDIS_REQUESTS_TIMEOUT",
            at: \.redis.adapter.timeout,
            "Time for one answer"
        ),
        .optionalText(
            "adapter.redis.redis_pub_options.url",
            "MARTLET_ADAPTER_REDIS_PUB_URL",
            "REDIS_URL",
            at: \.redis.adapter.url,
            isSecret: true,
            "URL of a server of the adapter's own"
        ),
        .optionalText(
            "adapter.redis.redis_sub_options.url",
            "MARTLET_ADAPTER_REDIS_SUB_URL",
            "REDIS_URL",
            at: \.adapter.subscribeURL,
            isSecret: true,
            "The same URL, or nothing"
        ),
        .flag(
            "adapter.redis.cluster_mode",
            "MARTLET_ADAPTER_REDIS_CLUSTER_MODE",
            at: \.redis.adapter.isCluster,
            "The driver redis means a cluster"
        ),
    ]

    private static let cluster: [SettingKey] = [
        .list(
            "adapter.cluster.nodes",
            "MARTLET_ADAPTER_CLUSTER_NODES",
            at: \.redis.adapterCluster.nodes,
            isSecret: true,
            "Some nodes of a cluster of the adapter's own"
        ),
        .text(
            "adapter.cluster.prefix",
            "MARTLET_ADAPTER_CLUSTER_PREFIX",
            at: \.redis.adapterCluster.prefix,
            "What keys and topics begin with"
        ),
        .milliseconds(
            "adapter.cluster.request_timeout_ms",
            "MARTLET_ADAPTER_CLUSTER_REQUEST_TIMEOUT_MS",
            at: \.redis.adapterCluster.timeout,
            "Time for one answer"
        ),
        .optionalFlag(
            "adapter.cluster.use_sharded_pubsub",
            "MARTLET_ADAPTER_CLUSTER_USE_SHARDED_PUBSUB",
            at: \.adapter.usesShardedPubSub,
            "Messages stay on the shard of their channel; none is where the servers can"
        ),
        .flag(
            "adapter.cluster.tls.enabled",
            "MARTLET_ADAPTER_CLUSTER_TLS_ENABLED",
            at: \.redis.adapterCluster.tls.isEnabled,
            "TLS to the cluster"
        ),
        .flag(
            "adapter.cluster.tls.accept_invalid_certs",
            "MARTLET_ADAPTER_CLUSTER_TLS_ACCEPT_INVALID_CERTS",
            at: \.redis.adapterCluster.tls.acceptsInvalidCertificates,
            "Do not check the certificates of the cluster"
        ),
        .optionalText(
            "adapter.cluster.tls.ca_path",
            "MARTLET_ADAPTER_CLUSTER_TLS_CA_PATH",
            at: \.redis.adapterCluster.tls.authorityPath,
            "Authorities of the cluster instead of the system's"
        ),
        .optionalText(
            "adapter.cluster.tls.client_cert_path",
            "MARTLET_ADAPTER_CLUSTER_TLS_CLIENT_CERT_PATH",
            at: \.redis.adapterCluster.tls.certificatePath,
            "Certificate to show to the cluster"
        ),
        .optionalText(
            "adapter.cluster.tls.client_key_path",
            "MARTLET_ADAPTER_CLUSTER_TLS_CLIENT_KEY_PATH",
            at: \.redis.adapterCluster.tls.keyPath,
            "Its key"
        ),
    ]

    private static let health: [SettingKey] = [
        .flag(
            "adapter.cluster_health.enabled",
            "CLUSTER_HEALTH_ENABLED",
            at: \.adapter.health.isEnabled,
            "Nodes that are gone without a word are given up"
        ),
        .milliseconds(
            "adapter.cluster_health.heartbeat_interval_ms",
            "CLUSTER_HEALTH_HEARTBEAT_INTERVAL",
            at: \.adapter.health.heartbeatInterval,
            "Time between two signs of life of a node"
        ),
        .milliseconds(
            "adapter.cluster_health.node_timeout_ms",
            "CLUSTER_HEALTH_NODE_TIMEOUT",
            at: \.adapter.health.nodeTimeout,
            "Silence after which a node is given up"
        ),
        .milliseconds(
            "adapter.cluster_health.cleanup_interval_ms",
            "CLUSTER_HEALTH_CLEANUP_INTERVAL",
            at: \.adapter.health.cleanupInterval,
            "Time between two looks for such nodes"
        ),
    ]
}
