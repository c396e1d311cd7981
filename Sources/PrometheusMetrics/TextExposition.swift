/// Writes the Prometheus text format, version 0.0.4.
struct TextExposition {
    private(set) var bytes: [UInt8] = []

    /// Starts a family: one HELP and one TYPE line.
    mutating func family(_ name: String, kind: MetricKind, help: String) {
        append("# HELP \(name) \(MetricText.escapedHelp(help))\n")
        append("# TYPE \(name) \(kind.rawValue)\n")
    }

    /// Writes a sample with labels that are escaped already.
    mutating func sample(_ name: String, labels: String, value: Int64) {
        sample(name, labels: labels, text: String(value))
    }

    /// Writes a sample with labels that are escaped already.
    mutating func sample(_ name: String, labels: String, value: Double) {
        sample(name, labels: labels, text: Self.text(of: value))
    }

    /// Spells a number: whole ones without a fraction, infinities and NaN as the format wants them.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    private mutating func sample(_ name: String, labels: String, text: String) {
        append(name)
        if !labels.isEmpty {
            append("{")
            append(labels)
            append("}")
        }
        append(" ")
        append(text)
        append("\n")
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
