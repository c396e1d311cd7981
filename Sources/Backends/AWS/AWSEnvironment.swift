package import CoreMetrics
package import FoundationEssentials
package import Logging

/// What the clients take from the process around them; a parameter so that tests decide it.
package struct AWSEnvironment: Sendable {
    /// The environment variables.
    package var variables: [String: String]
    /// The time of day.
    package var now: @Sendable () -> Date
    /// Waits; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Numbers from 0 up to 1 that spread retries.
    package var jitter: @Sendable () -> Double
    package var logger: Logger
    package var metrics: AWSMetrics

    /// Makes an environment, by default of this process, real time and chance.
    package init(
        variables: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        now: @escaping @Sendable () -> Date = { Date() },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.variables = variables
        self.logger = logger
        self.metrics = AWSMetrics(factory: metrics)
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether a variable says `true`, in any case.
    func flag(_ name: String) -> Bool {
        variable(name)?.lowercased() == "true"
    }
}
