package import ServerCore

/// Everything that an operator can set about the server, with the values it has when nobody does.
package struct ServerConfiguration: Sendable, Equatable {
    package var listener = ListenerConfiguration()
    package var tls = TLSListenerConfiguration()
    package var unixSocket = UnixSocketConfiguration()
    package var webSocket = WebSocketConfiguration()
    package var connection = ConnectionConfiguration()
    package var httpAPI = HTTPAPIConfiguration()
    package var cors = CORSConfiguration()
    package var metrics = MetricsConfiguration()
    package var idempotency = IdempotencyConfiguration()
    package var rateLimiter = RateLimiterConfiguration()
    package var shutdown = ShutdownConfiguration()
    /// How long one check behind `/up` may take.
    package var healthCheckTimeout: Duration = .seconds(2)
    /// Traces the life of connections and channels, without secrets and payloads.
    package var isDebug = false

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work; empty when everything can.
    package func validate() -> [ConfigurationProblem] {
        var problems =
            listener.validate() + tls.validate() + unixSocket.validate() + webSocket.validate()
            + connection.validate() + httpAPI.validate() + cors.validate() + metrics.validate()
            + idempotency.validate() + rateLimiter.validate() + shutdown.validate()
        problems.require(
            healthCheckTimeout > .zero,
            "health_check_timeout_ms",
            "must be at least 1"
        )
        problems += portProblems
        return problems
    }

    /// Lists the listeners that claim the same port; port 0 is a new one each time.
    private var portProblems: [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        var taken: [(key: String, port: Int)] = unixSocket.isEnabled ? [] : [("port", listener.port)]
        if metrics.isEnabled {
            taken.append(("metrics.port", metrics.port))
        }
        if tls.isEnabled && tls.redirectsHTTP {
            taken.append(("ssl.http_port", tls.httpPort))
        }
        for (index, later) in taken.enumerated() where later.port != 0 {
            for earlier in taken[..<index] where earlier.port == later.port {
                problems.append(
                    ConfigurationProblem(key: later.key, message: "is the same port as \(earlier.key): \(later.port)")
                )
            }
        }
        return problems
    }
}

extension ServerConfiguration {
    /// The proxies in front of the server as one of its limits counts them.
    func trustedHops(for limit: AddressRateLimit) -> Int {
        limit.trustedHops > 0 ? limit.trustedHops : listener.trustedHops
    }
}
