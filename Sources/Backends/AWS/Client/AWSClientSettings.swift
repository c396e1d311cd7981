/// The limits of a client's calls.
package struct AWSClientSettings: Sendable, Equatable {
    /// How often a request is sent at most.
    package var maxAttempts = 3
    /// The time for all attempts and the pauses between them.
    package var callTimeout = Duration.seconds(10)
    /// The time for one attempt.
    package var attemptTimeout = Duration.seconds(4)

    /// Makes the defaults.
    package init() {}

    /// Takes the limits of a configuration, and `AWS_MAX_ATTEMPTS` where it has none.
    package init(configuration: AWSConfiguration, environment: AWSEnvironment) {
        maxAttempts = configuration.maxAttempts ?? environment.variable("AWS_MAX_ATTEMPTS").flatMap { Int($0) } ?? 3
        callTimeout = configuration.callTimeout
        attemptTimeout = configuration.attemptTimeout
    }
}
