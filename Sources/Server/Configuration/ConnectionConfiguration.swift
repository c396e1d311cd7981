package import ServerCore

/// The life of a connection after its upgrade.
package struct ConnectionConfiguration: Sendable, Equatable {
    /// Open WebSockets on this node, beyond which one is refused with 4100; 0 is unlimited.
    package var maxConnections = 0
    /// The silence after which the server pings (Pusher protocol 7, `activity_timeout`); whole seconds.
    package var activityTimeout: Duration = .seconds(120)
    /// The time to answer the server's ping before the connection is closed with 4201.
    package var pongTimeout: Duration = .seconds(30)
    /// The time to sign in or to join an authorized channel in apps that require it.
    package var userAuthenticationTimeout: Duration = .seconds(3600)
    /// The code with which `terminate_connections` closes a user's connections.
    package var terminateCloseCode = 4009

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(maxConnections >= 0, "max_connections", "must be at least 0")
        problems.require(
            (Duration.seconds(1)...Duration.seconds(86_400)).contains(activityTimeout),
            "activity_timeout",
            "must be 1 to 86400"
        )
        problems.require(
            (Duration.milliseconds(1)...Duration.seconds(3600)).contains(pongTimeout),
            "pong_timeout_ms",
            "must be 1 to 3600000"
        )
        problems.require(userAuthenticationTimeout > .zero, "user_authentication_timeout", "must be at least 1")
        problems.require(
            (4000...4999).contains(terminateCloseCode),
            "users.terminate_close_code",
            "must be 4000 to 4999; clients stop for 4000 to 4099 and reconnect for 4100 to 4299"
        )
        return problems
    }
}
