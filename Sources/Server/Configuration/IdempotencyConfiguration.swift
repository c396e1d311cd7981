package import ServerCore

/// How long a publish request with an idempotency key is remembered.
package struct IdempotencyConfiguration: Sendable, Equatable {
    package var isEnabled = true
    package var ttlSeconds = 120
    /// The bytes of a key.
    package var maxKeyBytes = 128

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require((1...604_800).contains(ttlSeconds), "idempotency.ttl_seconds", "must be 1 to 604800")
        problems.require((1...4096).contains(maxKeyBytes), "idempotency.max_key_length", "must be 1 to 4096")
        return problems
    }
}
