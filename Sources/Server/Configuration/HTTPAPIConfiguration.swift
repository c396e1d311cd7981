package import ServerCore

/// The routes beside the ones that applications sign.
package struct HTTPAPIConfiguration: Sendable, Equatable {
    /// Answers `/usage`.
    package var isUsageEnabled = true
    /// The bearer token that opens `/stats` and `/usage` on the public port; `nil` leaves them to the metrics port.
    package var statsToken: String?

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            statsToken.map { $0.utf8.count >= 16 } ?? true,
            "http_api.stats_token",
            "must be at least 16 bytes, or absent"
        )
        return problems
    }
}
