/// All series of one metric name.
struct MetricFamily: Sendable {
    let description: MetricDescription
    /// The series by their labels.
    private(set) var entries: [String: Entry] = [:]

    init(_ description: MetricDescription) {
        self.description = description
    }

    /// One series and how many owners it has.
    struct Entry: Sendable {
        let series: any MetricSeries
        var owners: Int
    }

    /// Adds an owner to the series with these labels and returns it, if it exists and has the wanted type.
    mutating func share<Series: MetricSeries>(_ labels: String, as type: Series.Type) -> Series? {
        guard let entry = entries[labels], let series = entry.series as? Series else { return nil }
        entries[labels] = Entry(series: series, owners: entry.owners + 1)
        return series
    }

    /// Adds a new series with one owner.
    mutating func add(_ series: any MetricSeries) {
        entries[series.identity.labels] = Entry(series: series, owners: 1)
    }

    /// Takes one owner away, and the series with the last one.
    mutating func release(_ series: any MetricSeries) {
        let labels = series.identity.labels
        guard let entry = entries[labels], entry.series === series else { return }
        entries[labels] = entry.owners > 1 ? Entry(series: series, owners: entry.owners - 1) : nil
    }

    /// Writes the family's lines, ordered by labels.
    func write(name: String, to text: inout TextExposition) {
        text.family(name, kind: description.kind, help: description.help)
        for (_, entry) in entries.sorted(by: { $0.key < $1.key }) {
            entry.series.write(to: &text)
        }
    }
}
