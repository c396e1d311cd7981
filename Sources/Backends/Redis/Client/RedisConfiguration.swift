/// Where a Redis is and how to talk to it.
package struct RedisConfiguration: Sendable, Hashable {
    package var topology: Topology
    package var credentials = RedisCredentials()
    /// The numbered database; clusters have only 0.
    package var database = 0
    /// TLS to the servers; `nil` is plain TCP.
    package var tls: RedisTLS?
    /// The time for one connection to be made and greeted.
    package var connectTimeout = Duration.seconds(2)
    /// The time for one reply; a server that is slower is taken for hung and its connection is closed.
    package var commandTimeout = Duration.seconds(5)
    /// Commands that may be under way on one connection.
    package var maxInFlight = 16_384
    /// The bytes of those commands.
    package var maxInFlightBytes = 64 << 20

    /// Makes a configuration with the defaults.
    package init(_ topology: Topology) {
        self.topology = topology
    }

    /// The shapes of a deployment.
    package enum Topology: Sendable, Hashable {
        case standalone(RedisAddress)
        case sentinel(RedisSentinels)
        /// Some nodes of a cluster, which tell the others.
        case cluster([RedisAddress])
    }

    /// Where it is, for messages.
    package var place: String {
        switch topology {
        case .standalone(let address): "\(address)"
        case .sentinel(let sentinels):
            "'\(sentinels.name)' of the sentinels \(sentinels.addresses.map(\.description).joined(separator: ", "))"
        case .cluster(let seeds): "the cluster of \(seeds.map(\.description).joined(separator: ", "))"
        }
    }
}

/// A name and a password; without a name, the password is the default user's.
package struct RedisCredentials: Sendable, Hashable {
    package var username: String?
    package var password: String?

    /// Makes credentials.
    package init(username: String? = nil, password: String? = nil) {
        self.username = username
        self.password = password
    }
}

/// The sentinels that know which server is the master of a name.
package struct RedisSentinels: Sendable, Hashable {
    package var addresses: [RedisAddress]
    package var name: String
    package var credentials = RedisCredentials()
    package var tls: RedisTLS?

    /// Names the sentinels.
    package init(addresses: [RedisAddress], name: String) {
        self.addresses = addresses
        self.name = name
    }
}

/// How TLS connections are made.
package struct RedisTLS: Sendable, Hashable {
    /// Skips all checks of the server's certificate; for tests only.
    package var acceptsInvalidCertificates = false
    /// A PEM file of authorities, in place of the system's.
    package var authorityPath: String?
    /// The PEM files of a client certificate and its key.
    package var certificatePath: String?
    package var keyPath: String?
    /// The name that a node's certificate must have, by the host that is dialled; for clusters that announce
    /// addresses which are not in their certificates.
    package var hostNames: [String: String] = [:]
    /// That name for the nodes without one of their own.
    package var defaultHostName: String?

    /// Makes the defaults: the system's authorities, the dialled host's name.
    package init() {}

    /// The name to check for a host.
    func hostName(for host: String) -> String {
        hostNames[host] ?? defaultHostName ?? host
    }
}
