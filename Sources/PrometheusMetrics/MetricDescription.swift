/// What the exposition says about one metric family: its type, its help text and its buckets.
package struct MetricDescription: Sendable, Equatable {
    /// The name without the registry's prefix, spelled as it shall appear: no suffix is added or removed.
    package var name: String
    package var kind: MetricKind
    package var help: String
    /// The upper bounds of a histogram's buckets, ascending, without infinity; other kinds ignore them.
    package var buckets: [Double]

    /// Describes a family; bounds that are not finite or not new are left out.
    package init(name: String, kind: MetricKind, help: String, buckets: [Double] = Self.defaultBuckets) {
        self.name = name
        self.kind = kind
        self.help = help
        self.buckets = Set(buckets.filter(\.isFinite)).sorted()
    }

    /// Says whether a handle of a kind may count for this family.
    func admits(_ other: MetricKind) -> Bool {
        kind == other || (kind == .untyped && other != .histogram)
    }

    /// Bounds in seconds for request-like durations.
    package static let defaultBuckets: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
}

/// The type of a metric family, as the text format spells it.
package enum MetricKind: String, Sendable {
    case counter
    case gauge
    case histogram
    /// A value that says nothing of its behaviour, for names that a linter would refuse with another type.
    case untyped
}
