package import ServerCore

/// The server's certificate, and whether plain HTTP is sent on to HTTPS.
package struct TLSListenerConfiguration: Sendable, Equatable {
    package var isEnabled = false
    /// A PEM file with the certificate chain, the server's own first.
    package var certificatePath = ""
    /// A PEM file with the private key.
    package var keyPath = ""
    /// Opens a second, plain listener that answers every request with 308 to HTTPS.
    package var redirectsHTTP = false
    /// The port of the redirecting listener.
    package var httpPort = 80

    /// Makes a configuration without TLS.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        guard isEnabled else { return [] }
        var problems: [ConfigurationProblem] = []
        problems.require(!certificatePath.isEmpty, "ssl.cert_path", "must name a PEM file when ssl.enabled is true")
        problems.require(!keyPath.isEmpty, "ssl.key_path", "must name a PEM file when ssl.enabled is true")
        problems.require((0...65535).contains(httpPort), "ssl.http_port", "must be 0 to 65535")
        return problems
    }
}
