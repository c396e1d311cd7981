/// What one run of a scenario against one server has measured.
struct RunResult: Codable {
    var scenario: String
    var server: String
    /// The settings that the figures depend on, in the order in which they are shown.
    var settings: [Setting] = []
    var metrics: [Metric] = []
    var latency: LatencySummary?

    /// One setting.
    struct Setting: Codable {
        var name: String
        var value: String
    }

    /// One figure.
    struct Metric: Codable {
        var name: String
        var value: Double
        var unit: String
    }

    /// Adds a figure.
    mutating func add(_ name: String, _ value: Double, _ unit: String) {
        metrics.append(Metric(name: name, value: value, unit: unit))
    }

    /// A figure by name.
    func value(_ name: String) -> Double? {
        metrics.first { $0.name == name }?.value
    }
}
