import Server

/// The metrics listener, with Sockudo's names; the prefix defaults to `martlet_` so that both can run side by side.
enum MetricsKeys {
    static let all: [SettingKey] = [
        .flag("metrics.enabled", "METRICS_ENABLED", at: \.server.metrics.isEnabled, "Answer /metrics"),
        .driver("metrics.driver", "METRICS_DRIVER", role: "metrics", at: \.drivers.metrics),
        .text("metrics.host", "METRICS_HOST", at: \.server.metrics.host, "Address of the metrics listener"),
        .number("metrics.port", "METRICS_PORT", at: \.server.metrics.port, "Port of the metrics listener"),
        .text(
            "metrics.prometheus.prefix",
            "METRICS_PROMETHEUS_PREFIX",
            at: \.server.metrics.prefix,
            "What every metric name starts with"
        ),
    ]
}
