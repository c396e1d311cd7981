import Server

/// The listener and the life of connections.
///
/// Everything under `listener.`, `pong_timeout_ms` and `users.` is Martlet's own; the rest has Sockudo's names. Sockudo
/// accepts `path_prefix` without effect; here it has one.
enum ServerKeys {
    static let all: [SettingKey] = [
        .text("host", "HOST", at: \.server.listener.host, "Address to listen on"),
        .number("port", "PORT", at: \.server.listener.port, "Port to listen on; 0 lets the system choose"),
        .text(
            "path_prefix",
            "MARTLET_PATH_PREFIX",
            at: \.server.listener.pathPrefix,
            "Path under which all routes live"
        ),
        .text("mode", "ENVIRONMENT", at: \.mode, "Name of the deployment, without effect"),
        .flag("debug", "DEBUG", "DEBUG_MODE", at: \.server.isDebug, "Trace connections and channels, without payloads"),
        .optionalText("instance.process_id", "INSTANCE_PROCESS_ID", at: \.instanceID, "Name of this node in logs"),
        .number(
            "max_connections",
            "MARTLET_MAX_CONNECTIONS",
            "SOCKUDO_MAX_CONNECTIONS",
            at: \.server.connection.maxConnections,
            "WebSockets on this node; 0 is unlimited"
        ),
        .seconds(
            "activity_timeout",
            "ACTIVITY_TIMEOUT",
            at: \.server.connection.activityTimeout,
            "Silence after which the server pings"
        ),
        .milliseconds(
            "pong_timeout_ms",
            "MARTLET_PONG_TIMEOUT_MS",
            at: \.server.connection.pongTimeout,
            "Time to answer a ping"
        ),
        .seconds(
            "user_authentication_timeout",
            "USER_AUTHENTICATION_TIMEOUT",
            at: \.server.connection.userAuthenticationTimeout,
            "Time to sign in where an app requires it"
        ),
        .number(
            "users.terminate_close_code",
            "MARTLET_USERS_TERMINATE_CLOSE_CODE",
            at: \.server.connection.terminateCloseCode,
            "Close code of terminate_connections"
        ),
        .milliseconds(
            "health_check_timeout_ms",
            "HEALTH_CHECK_TIMEOUT_MS",
            at: \.server.healthCheckTimeout,
            "Time for one check behind /up"
        ),
        .number(
            "listener.trusted_hops",
            "MARTLET_LISTENER_TRUSTED_HOPS",
            at: \.server.listener.trustedHops,
            "Proxies whose X-Forwarded-For is believed"
        ),
        .flag(
            "listener.proxy_protocol",
            "MARTLET_LISTENER_PROXY_PROTOCOL",
            at: \.server.listener.expectsProxyProtocol,
            "Expect a PROXY protocol v2 header on every connection"
        ),
        .number(
            "listener.accept_backlog",
            "MARTLET_LISTENER_ACCEPT_BACKLOG",
            at: \.server.listener.acceptBacklog,
            "Connections that may wait to be accepted"
        ),
        .number(
            "listener.event_loop_threads",
            "MARTLET_LISTENER_EVENT_LOOP_THREADS",
            at: \.server.listener.eventLoopThreads,
            "Event loops; 0 is one per core"
        ),
        .size(
            "listener.max_header_bytes",
            "MARTLET_LISTENER_MAX_HEADER_BYTES",
            in: .bytes,
            at: \.server.listener.limits.maxHeaderBytes,
            "Size of a request's header"
        ),
        .milliseconds(
            "listener.header_timeout_ms",
            "MARTLET_LISTENER_HEADER_TIMEOUT_MS",
            at: \.server.listener.limits.headerTimeout,
            "Time for a request's header"
        ),
        .milliseconds(
            "listener.body_timeout_ms",
            "MARTLET_LISTENER_BODY_TIMEOUT_MS",
            at: \.server.listener.limits.bodyTimeout,
            "Time for a request's body"
        ),
        .milliseconds(
            "listener.keep_alive_timeout_ms",
            "MARTLET_LISTENER_KEEP_ALIVE_TIMEOUT_MS",
            at: \.server.listener.limits.keepAliveTimeout,
            "Time without a request before a connection is closed"
        ),
    ]
}
