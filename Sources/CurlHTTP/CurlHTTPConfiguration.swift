/// How a client connects and how much it does at once.
package struct CurlHTTPConfiguration: Sendable, Equatable {
    /// Transfers at the same time.
    package var maxInFlight = 256
    /// Transfers, and so connections, to one scheme, host and port at the same time.
    package var maxConnectionsPerHost = 64
    /// Requests that may wait for a slot beyond those in flight; the next is refused with `.queueFull`.
    package var maxQueued = 1024
    /// Idle connections that are kept for reuse.
    package var maxIdleConnections = 256
    /// The time after which an idle connection is not used again; whole seconds.
    package var idleTimeout = Duration.seconds(60)
    /// The time for name resolution, TCP and TLS together.
    package var connectTimeout = Duration.seconds(5)
    /// A file of PEM certificates to trust instead of the system's.
    package var caFile: String?
    /// The URL of a proxy; `nil` connects directly, whatever the environment says.
    package var proxy: String?

    /// Makes the defaults.
    package init() {}
}
