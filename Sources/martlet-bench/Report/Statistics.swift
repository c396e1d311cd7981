/// The middle and the spread of repeated measurements.
struct Statistics {
    let median: Double
    let lowest: Double
    let highest: Double

    /// Sums values up; nil where there are none.
    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        lowest = first
        highest = last
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// `4,512 (4,380–4,700)`.
    var text: String {
        "\(FigureText.number(median)) (\(FigureText.number(lowest))–\(FigureText.number(highest)))"
    }
}
