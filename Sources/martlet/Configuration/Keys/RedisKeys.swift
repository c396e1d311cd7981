/// Redis, with Sockudo's names; the prefixes are our own, so that both can use one Redis.
enum RedisKeys {
    static let all =
        servers + cluster + tls("sentinel_tls", "SENTINEL_TLS", of: "the sentinels", at: sentinelTLS)
        + tls("master_tls", "MASTER_TLS", of: "the servers", at: masterTLS) + roles

    private static let servers: [SettingKey] = [
        .text(
            "database.redis.host",
            "DATABASE_REDIS_HOST",
            at: \.redis.host,
            "Server, or a URL with everything about it"
        ),
        .number("database.redis.port", "DATABASE_REDIS_PORT", at: \.redis.port, "Its port"),
        .number("database.redis.db", "DATABASE_REDIS_DB", at: \.redis.database, "Numbered database"),
        .optionalText(
            "database.redis.username",
            "DATABASE_REDIS_USERNAME",
            at: \.redis.username,
            "User of its access list"
        ),
        .optionalText(
            "database.redis.password",
            "DATABASE_REDIS_PASSWORD",
            at: \.redis.password,
            isSecret: true,
            "Password"
        ),
        .list(
            "database.redis.sentinels",
            "MARTLET_DATABASE_REDIS_SENTINELS",
            at: \.redis.sentinels,
            "Sentinels that know the master"
        ),
        .text("database.redis.name", "MARTLET_DATABASE_REDIS_NAME", at: \.redis.masterName, "Master's name there"),
        .optionalText(
            "database.redis.sentinel_username",
            "DATABASE_REDIS_SENTINEL_USERNAME",
            at: \.redis.sentinelUsername,
            "User at the sentinels"
        ),
        .optionalText(
            "database.redis.sentinel_password",
            "DATABASE_REDIS_SENTINEL_PASSWORD",
            at: \.redis.sentinelPassword,
            isSecret: true,
            "Password at the sentinels"
        ),
        .list(
            "database.redis.tls_host_names",
            "MARTLET_DATABASE_REDIS_TLS_HOST_NAMES",
            at: \.redis.tlsHostNames,
            "Names in the certificates: node=name, or one for all nodes"
        ),
    ]

    private static let cluster: [SettingKey] = [
        .list(
            "database.redis.cluster_nodes",
            "DATABASE_REDIS_CLUSTER_NODES",
            at: \.redis.cluster.nodes,
            isSecret: true,
            "Older name of cluster.nodes"
        ),
        .list(
            "database.redis.cluster.nodes",
            "REDIS_CLUSTER_NODES",
            at: \.redis.cluster.nodes,
            isSecret: true,
            "Some nodes of the cluster"
        ),
        .optionalText(
            "database.redis.cluster.username",
            "DATABASE_REDIS_CLUSTER_USERNAME",
            at: \.redis.cluster.username,
            "User at the cluster; else the one above"
        ),
        .optionalText(
            "database.redis.cluster.password",
            "DATABASE_REDIS_CLUSTER_PASSWORD",
            at: \.redis.cluster.password,
            isSecret: true,
            "Password at the cluster; else the one above"
        ),
        .flag(
            "database.redis.cluster.useTLS",
            "MARTLET_DATABASE_REDIS_CLUSTER_USETLS",
            at: \.redis.cluster.usesTLS,
            "Older name of use_tls"
        ),
        .flag(
            "database.redis.cluster.use_tls",
            "DATABASE_REDIS_CLUSTER_USE_TLS",
            at: \.redis.cluster.usesTLS,
            "TLS to the cluster"
        ),
    ]

    private static let roles: [SettingKey] =
        role("cache.redis", "CACHE_REDIS", prefixVariable: "MARTLET_CACHE_REDIS_PREFIX", at: cacheRole)
        + role("queue.redis", "QUEUE_REDIS", prefixVariable: "QUEUE_REDIS_PREFIX", at: queueRole)
        + role("rate_limiter.redis", "RATE_LIMITER_REDIS", prefixVariable: "RATE_LIMITER_REDIS_PREFIX", at: limiterRole)
        + [
            .text(
                "queue.redis_cluster.prefix",
                "REDIS_CLUSTER_QUEUE_PREFIX",
                at: \.redis.queueCluster.prefix,
                "What the keys begin with"
            ),
            .list(
                "queue.redis_cluster.nodes",
                "MARTLET_QUEUE_REDIS_CLUSTER_NODES",
                at: \.redis.queueCluster.nodes,
                isSecret: true,
                "Some nodes of a cluster of the queue's own"
            ),
            .milliseconds(
                "queue.redis_cluster.request_timeout_ms",
                "REDIS_CLUSTER_QUEUE_REQUEST_TIMEOUT_MS",
                at: \.redis.queueCluster.timeout,
                "Time for one answer"
            ),
        ]

    /// Where the keys that every role has are kept.
    private struct RolePaths {
        var prefix: SettingPath<String>
        var url: SettingPath<String?>
        var isCluster: SettingPath<Bool>
        var timeout: SettingPath<Duration>
    }

    private static let cacheRole = RolePaths(
        prefix: \.redis.cache.prefix,
        url: \.redis.cache.url,
        isCluster: \.redis.cache.isCluster,
        timeout: \.redis.cache.timeout
    )

    private static let queueRole = RolePaths(
        prefix: \.redis.queue.prefix,
        url: \.redis.queue.url,
        isCluster: \.redis.queue.isCluster,
        timeout: \.redis.queue.timeout
    )

    private static let limiterRole = RolePaths(
        prefix: \.redis.rateLimiter.prefix,
        url: \.redis.rateLimiter.url,
        isCluster: \.redis.rateLimiter.isCluster,
        timeout: \.redis.rateLimiter.timeout
    )

    private static func role(
        _ section: String,
        _ variables: String,
        prefixVariable: String,
        at paths: RolePaths
    ) -> [SettingKey] {
        [
            .text("\(section).prefix", prefixVariable, at: paths.prefix, "What the keys begin with"),
            .optionalText(
                "\(section).url_override",
                "MARTLET_\(variables)_URL",
                "REDIS_URL",
                at: paths.url,
                isSecret: true,
                "URL of a server of this role's own"
            ),
            .flag(
                "\(section).cluster_mode",
                "MARTLET_\(variables)_CLUSTER_MODE",
                at: paths.isCluster,
                "The driver redis means a cluster"
            ),
            .milliseconds(
                "\(section).response_timeout_ms",
                section == "queue.redis"
                    ? "QUEUE_REDIS_RESPONSE_TIMEOUT_MS" : "MARTLET_\(variables)_RESPONSE_TIMEOUT_MS",
                at: paths.timeout,
                "Time for one answer"
            ),
        ]
    }

    /// Where the keys of one kind of TLS connection are kept.
    private struct TLSPaths {
        var isEnabled: SettingPath<Bool>
        var acceptsInvalidCertificates: SettingPath<Bool>
        var authorityPath: SettingPath<String?>
        var certificatePath: SettingPath<String?>
        var keyPath: SettingPath<String?>
    }

    private static let sentinelTLS = TLSPaths(
        isEnabled: \.redis.sentinelTLS.isEnabled,
        acceptsInvalidCertificates: \.redis.sentinelTLS.acceptsInvalidCertificates,
        authorityPath: \.redis.sentinelTLS.authorityPath,
        certificatePath: \.redis.sentinelTLS.certificatePath,
        keyPath: \.redis.sentinelTLS.keyPath
    )

    private static let masterTLS = TLSPaths(
        isEnabled: \.redis.masterTLS.isEnabled,
        acceptsInvalidCertificates: \.redis.masterTLS.acceptsInvalidCertificates,
        authorityPath: \.redis.masterTLS.authorityPath,
        certificatePath: \.redis.masterTLS.certificatePath,
        keyPath: \.redis.masterTLS.keyPath
    )

    private static func tls(
        _ section: String,
        _ variables: String,
        of peers: String,
        at paths: TLSPaths
    ) -> [SettingKey] {
        let (name, variable) = ("database.redis.\(section)", "DATABASE_REDIS_\(variables)")
        return [
            .flag("\(name).enabled", "\(variable)_ENABLED", at: paths.isEnabled, "TLS to \(peers)"),
            .flag(
                "\(name).accept_invalid_certs",
                "\(variable)_ACCEPT_INVALID_CERTS",
                at: paths.acceptsInvalidCertificates,
                "Do not check the certificates of \(peers)"
            ),
            .optionalText(
                "\(name).ca_path",
                "\(variable)_CA_PATH",
                at: paths.authorityPath,
                "Authorities of \(peers) instead of the system's"
            ),
            .optionalText(
                "\(name).client_cert_path",
                "\(variable)_CLIENT_CERT_PATH",
                at: paths.certificatePath,
                "Certificate to show to \(peers)"
            ),
            .optionalText("\(name).client_key_path", "\(variable)_CLIENT_KEY_PATH", at: paths.keyPath, "Its key"),
        ]
    }
}
