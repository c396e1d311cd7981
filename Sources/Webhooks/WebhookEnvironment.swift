package import Logging

/// What the webhook services share with the process around them.
package struct WebhookEnvironment: Sendable {
    package var metrics: WebhookMetrics
    package var logger: Logger
    /// Measures pauses.
    package var clock: any Clock<Duration>
    /// Dates events and measures their age.
    package var wallClock: WallClock
    /// Numbers from 0 up to 1 that spread retries.
    package var jitter: @Sendable () -> Double

    /// Makes an environment, by default of real time and chance.
    package init(
        metrics: WebhookMetrics,
        logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: WallClock = .system,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.metrics = metrics
        self.logger = logger
        self.clock = clock
        self.wallClock = wallClock
        self.jitter = jitter
    }
}
