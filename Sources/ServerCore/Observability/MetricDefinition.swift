/// What a metric is: its type, its help text, its labels and, for a histogram, its buckets.
package struct MetricDefinition: Sendable, Equatable {
    package var name: MetricName
    package var kind: Kind
    /// One sentence for whoever reads the exposition.
    package var help: String
    package var labels: [MetricLabel]
    /// The upper bounds of a histogram, in the unit of its name; empty for other kinds.
    package var buckets: [Double]

    /// How a metric's value behaves.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
        /// A counter whose name, kept for the sake of existing dashboards, lacks the `_total` that linters ask of one.
        case untyped
    }
}

/// The labels that metrics have; there are no others.
package enum MetricLabel: String, CaseIterable, Sendable {
    case appID = "app_id"
    case channelType = "channel_type"
    case code = "code"
    case driver = "driver"
    case errorType = "error_type"
    case eventType = "event_type"
    case limiterType = "limiter_type"
    case loop = "loop"
    case operation = "operation"
    case outcome = "outcome"
    case port = "port"
    case reason = "reason"
    case requestContext = "request_context"
    case result = "result"
    case role = "role"
    case service = "service"
    case state = "state"
    case status = "status"
}
