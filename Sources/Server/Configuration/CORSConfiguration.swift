package import ServerCore

/// Which browsers may call the HTTP API.
package struct CORSConfiguration: Sendable, Equatable {
    /// Origin patterns as in an app's `allowed_origins`; `*` allows all and switches credentials off.
    package var origins = ["*"]
    package var methods = ["GET", "POST", "OPTIONS"]
    package var allowedHeaders = ["Authorization", "Content-Type", "X-Requested-With", "Accept"]
    package var allowsCredentials = true

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for origin in origins where !OriginPattern.isValid(origin) {
            problems.append(
                ConfigurationProblem(key: "cors.origin", message: "'\(origin)' must have at most one '*' and no spaces")
            )
        }
        for method in methods where !HeaderSyntax.isToken(method) {
            problems.append(ConfigurationProblem(key: "cors.methods", message: "'\(method)' is not an HTTP method"))
        }
        for name in allowedHeaders where !HeaderSyntax.isToken(name) {
            problems.append(
                ConfigurationProblem(key: "cors.allowed_headers", message: "'\(name)' is not a header name")
            )
        }
        return problems
    }
}
