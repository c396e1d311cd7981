import Server

/// TLS and the Unix socket, with Sockudo's names.
enum TLSKeys {
    static let all: [SettingKey] = [
        .flag("ssl.enabled", "SSL_ENABLED", at: \.server.tls.isEnabled, "Listen with TLS"),
        .text("ssl.cert_path", "SSL_CERT_PATH", at: \.server.tls.certificatePath, "PEM file of the certificate chain"),
        .text("ssl.key_path", "SSL_KEY_PATH", at: \.server.tls.keyPath, "PEM file of the private key"),
        .flag(
            "ssl.redirect_http",
            "SSL_REDIRECT_HTTP",
            at: \.server.tls.redirectsHTTP,
            "Also listen without TLS and redirect to HTTPS"
        ),
        .number("ssl.http_port", "SSL_HTTP_PORT", at: \.server.tls.httpPort, "Port of the redirect"),
        .flag(
            "unix_socket.enabled",
            "UNIX_SOCKET_ENABLED",
            at: \.server.unixSocket.isEnabled,
            "Listen on a Unix socket instead of TCP"
        ),
        .text("unix_socket.path", "UNIX_SOCKET_PATH", at: \.server.unixSocket.path, "Absolute path of the socket"),
        .text(
            "unix_socket.permission_mode",
            "UNIX_SOCKET_PERMISSION_MODE",
            at: \.server.unixSocket.permissionMode,
            "File mode of the socket, octal digits"
        ),
    ]
}
