package import ServerCore

/// The listener that answers `/metrics`, apart from the public one.
package struct MetricsConfiguration: Sendable, Equatable {
    package var isEnabled = true
    package var host = "0.0.0.0"
    /// 0 lets the system choose.
    package var port = 9601
    /// What every metric name starts with.
    package var prefix = "martlet_"

    /// Makes the default configuration.
    package init() {}

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        guard isEnabled else { return [] }
        var problems: [ConfigurationProblem] = []
        problems.require(!host.isEmpty, "metrics.host", "must not be empty")
        problems.require((0...65535).contains(port), "metrics.port", "must be 0 to 65535")
        problems.require(
            Self.isPrefix(prefix),
            "metrics.prometheus.prefix",
            "must be letters, digits, '_' and ':', not starting with a digit"
        )
        return problems
    }

    /// Says whether names with this prefix are metric names (Prometheus data model).
    private static func isPrefix(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return true }
        guard !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }
}
