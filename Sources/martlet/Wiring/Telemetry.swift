import Server
import Logging
import PrometheusMetrics
import ServerCore

/// The process's logs and metrics.
struct Telemetry: Sendable {
    let registry: PrometheusRegistry
    private let settings: LoggingSettings
    private let isDebug: Bool

    init(_ settings: Settings) {
        registry = PrometheusRegistry(
            prefix: settings.server.metrics.prefix,
            descriptions: MetricName.allCases.map { MetricDescription($0.definition) }
        )
        self.settings = settings.logging
        isDebug = settings.server.isDebug
    }

    /// Makes the logger of an area, such as `martlet.server`.
    func logger(_ area: String) -> Logger {
        var logger = Logger(label: area) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = settings.level(of: area, isDebug: isDebug)
        return logger
    }
}

extension MetricDescription {
    fileprivate init(_ definition: MetricDefinition) {
        let kind: MetricKind =
            switch definition.kind {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            case .untyped: .untyped
            }
        self.init(name: definition.name.rawValue, kind: kind, help: definition.help, buckets: definition.buckets)
    }
}
