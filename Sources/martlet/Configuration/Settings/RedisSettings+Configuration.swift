import RedisBackend
import ServerCore

extension RedisSettings {
    /// Where a role finds its Redis: an address of its own before the common one, and what stands in an address before
    /// what stands beside it.
    func configuration(of role: RedisRole, isCluster: Bool) throws(ConfigurationProblem) -> RedisConfiguration {
        let own = self[role, isCluster: isCluster]
        var configuration =
            if isCluster || own.isCluster {
                try clusterConfiguration(own, role)
            } else if let url = own.url {
                try standalone(Self.parse(url, key: role.urlKey))
            } else if sentinels.isEmpty {
                try standalone(Self.parse(host, key: "database.redis.host", defaultPort: port))
            } else {
                try sentinelConfiguration()
            }
        configuration.commandTimeout = own.timeout
        configuration.connectTimeout = min(own.timeout, .seconds(2))
        return configuration
    }

    private func standalone(_ url: RedisURL) throws(ConfigurationProblem) -> RedisConfiguration {
        var configuration = RedisConfiguration(.standalone(url.address))
        configuration.database = url.database ?? database
        configuration.credentials = Self.credentials(
            url.credentials,
            or: RedisCredentials(username: username, password: password)
        )
        configuration.tls = try tls(masterTLS, "database.redis.master_tls", isWanted: url.usesTLS)
        return configuration
    }

    private func sentinelConfiguration() throws(ConfigurationProblem) -> RedisConfiguration {
        var addresses: [RedisAddress] = []
        for text in sentinels {
            addresses.append(try Self.parse(text, key: "database.redis.sentinels", defaultPort: 26_379).address)
        }
        var group = RedisSentinels(addresses: addresses, name: masterName)
        group.credentials = RedisCredentials(username: sentinelUsername, password: sentinelPassword)
        group.tls = try tls(sentinelTLS, "database.redis.sentinel_tls", isWanted: false)
        var configuration = RedisConfiguration(.sentinel(group))
        configuration.database = database
        configuration.credentials = RedisCredentials(username: username, password: password)
        configuration.tls = try tls(masterTLS, "database.redis.master_tls", isWanted: false)
        return configuration
    }

    private func clusterConfiguration(
        _ own: RedisRoleSettings,
        _ role: RedisRole
    ) throws(ConfigurationProblem) -> RedisConfiguration {
        var texts = own.nodes.isEmpty ? cluster.nodes : own.nodes
        var key = own.nodes.isEmpty ? "database.redis.cluster.nodes" : "\(role.section(isCluster: true)).nodes"
        if texts.isEmpty {
            texts = [own.url ?? host]
            key = own.url == nil ? "database.redis.host" : role.urlKey
        }
        let defaultPort = cluster.nodes.isEmpty && own.nodes.isEmpty ? port : 7000
        var nodes: [RedisURL] = []
        for text in texts {
            nodes.append(try Self.parse(text, key: key, defaultPort: defaultPort))
        }
        var configuration = RedisConfiguration(.cluster(nodes.map(\.address)))
        let shared = RedisCredentials(
            username: cluster.username ?? username,
            password: cluster.password ?? password
        )
        configuration.credentials = Self.credentials(
            nodes.first { $0.credentials != RedisCredentials() }?.credentials ?? RedisCredentials(),
            or: shared
        )
        let wantsTLS = cluster.usesTLS || nodes.contains(where: \.usesTLS)
        configuration.tls =
            own.tls.isEnabled
            ? try tls(own.tls, "\(role.section(isCluster: true)).tls", isWanted: true)
            : try tls(masterTLS, "database.redis.master_tls", isWanted: wantsTLS)
        return configuration
    }

    private func tls(
        _ settings: RedisTLSSettings,
        _ section: String,
        isWanted: Bool
    ) throws(ConfigurationProblem) -> RedisTLS? {
        guard settings.isEnabled || isWanted else { return nil }
        guard (settings.certificatePath == nil) == (settings.keyPath == nil) else {
            throw ConfigurationProblem(
                key: "\(section).client_cert_path",
                message: "and client_key_path go together"
            )
        }
        var tls = RedisTLS()
        tls.acceptsInvalidCertificates = settings.acceptsInvalidCertificates
        tls.authorityPath = settings.authorityPath
        tls.certificatePath = settings.certificatePath
        tls.keyPath = settings.keyPath
        for text in tlsHostNames {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 {
                tls.hostNames[parts[0]] = parts[1]
            } else {
                tls.defaultHostName = text
            }
        }
        return tls
    }

    private static func credentials(_ first: RedisCredentials, or second: RedisCredentials) -> RedisCredentials {
        first == RedisCredentials() ? second : first
    }

    private static func parse(
        _ text: String,
        key: String,
        defaultPort: Int = 6379
    ) throws(ConfigurationProblem) -> RedisURL {
        guard let url = RedisURL(text, defaultPort: defaultPort) else {
            throw ConfigurationProblem(
                key: key,
                message: "must be host:port or redis://user:password@host:port/database, with rediss for TLS"
            )
        }
        return url
    }
}
