import Logging
import PrometheusMetrics
import Server
import ServerCore

/// The process's logs and metrics.
struct Telemetry: Sendable {
    let registry: PrometheusRegistry
    let logs: LogPipeline

    init(_ settings: Settings) {
        registry = PrometheusRegistry(
            prefix: settings.server.metrics.prefix,
            descriptions: MetricName.allCases.map { MetricDescription($0.definition) }
        )
        logs = LogPipeline(
            configuration: LogConfiguration(settings.logging, isDebug: settings.server.isDebug),
            focus: settings.logging.focus,
            metrics: registry
        )
    }

    /// Makes the logger of an area, such as `martlet.server`.
    func logger(_ area: String) -> Logger {
        let logs = logs
        return Logger(label: area) { logs.makeHandler(label: $0) }
    }
}

extension LogConfiguration {
    fileprivate init(_ settings: LoggingSettings, isDebug: Bool) {
        self.init()
        format = settings.format == .json ? .json : .human
        usesColour = settings.usesColour
        level = isDebug ? min(settings.level.level, .debug) : settings.level.level
        areaLevels = settings.areas.mapValues(\.level)
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
