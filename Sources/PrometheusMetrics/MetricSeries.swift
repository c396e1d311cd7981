/// One line, or one histogram, of a family: a handle that counts and a value that can be written out.
protocol MetricSeries: AnyObject, Sendable {
    /// Which series of which family this is.
    var identity: SeriesIdentity { get }

    /// Writes the samples as they are now.
    func write(to text: inout TextExposition)
}

/// The place of a series in the registry.
struct SeriesIdentity: Sendable, Hashable {
    /// The family's full name, prefix included.
    var family: String
    /// The labels as the text format writes them between braces.
    var labels: String
}
