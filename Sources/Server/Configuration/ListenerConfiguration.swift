package import ServerCore

/// Where the server listens and what it accepts from a peer that has not said who it is.
package struct ListenerConfiguration: Sendable, Equatable {
    package var host = "0.0.0.0"
    /// 0 lets the system choose.
    package var port = 6001
    /// The path under which all routes live; `/` is none.
    package var pathPrefix = "/"
    /// The proxies in front of the server whose `X-Forwarded-For` entries are believed; 0 believes none.
    package var trustedHops = 0
    /// Every connection starts with a PROXY protocol v2 header (HAProxy, AWS NLB); one without is closed.
    package var expectsProxyProtocol = false
    /// Connections that the kernel may hold before they are accepted.
    package var acceptBacklog = 4096
    /// 0 is one per core.
    package var eventLoopThreads = 0
    package var limits = RequestLimits()

    /// Makes the default listener.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(!host.isEmpty, "host", "must not be empty")
        problems.require((0...65535).contains(port), "port", "must be 0 to 65535")
        problems.require(pathPrefix.hasPrefix("/"), "path_prefix", "must start with '/'")
        problems.require(
            !pathPrefix.utf8.contains {
                $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
            },
            "path_prefix",
            "must be a plain path without spaces, '?' and '#'"
        )
        problems.require((0...64).contains(trustedHops), "listener.trusted_hops", "must be 0 to 64")
        problems.require((1...65535).contains(acceptBacklog), "listener.accept_backlog", "must be 1 to 65535")
        problems.require((0...1024).contains(eventLoopThreads), "listener.event_loop_threads", "must be 0 to 1024")
        return problems + limits.validate()
    }
}

/// How large an HTTP request may be and how slowly it may arrive.
package struct RequestLimits: Sendable, Equatable {
    /// The bytes of the request line and all header fields.
    package var maxHeaderBytes = 16 * 1024
    /// From the first byte of a request, or from accepting the connection, to the end of its header.
    package var headerTimeout: Duration = .seconds(10)
    /// From the end of the header to the end of the body.
    package var bodyTimeout: Duration = .seconds(30)
    /// The bytes of a request body.
    package var maxBodyBytes = 10 * 1024 * 1024
    /// How long a connection may stay open without a request.
    package var keepAliveTimeout: Duration = .seconds(75)

    /// Makes the default limits.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            (1024...1_048_576).contains(maxHeaderBytes),
            "listener.max_header_bytes",
            "must be 1024 to 1048576"
        )
        problems.require(headerTimeout > .zero, "listener.header_timeout_ms", "must be at least 1")
        problems.require(bodyTimeout > .zero, "listener.body_timeout_ms", "must be at least 1")
        problems.require(keepAliveTimeout > .zero, "listener.keep_alive_timeout_ms", "must be at least 1")
        problems.require(
            (1...1_073_741_824).contains(maxBodyBytes),
            "http_api.request_limit_in_mb",
            "must be 1 to 1024"
        )
        return problems
    }
}
