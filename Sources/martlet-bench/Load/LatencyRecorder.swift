import Histogram

/// Records how late events reached their subscribers.
struct LatencyRecorder {
    private var histogram = Histogram<UInt32>(
        highestTrackableValue: 120_000_000_000,
        numberOfSignificantValueDigits: .three
    )
    /// One frame of this many is looked into, so that counting stays cheap.
    var samplingInterval = 1
    private var untilSample = 1
    private var stampOffset = -1
    var isEnabled = false

    /// Looks at a delivered text.
    @inline(__always)
    mutating func receive(_ text: UnsafeRawBufferPointer, now: UInt64) {
        guard isEnabled else { return }
        untilSample -= 1
        guard untilSample <= 0 else { return }
        untilSample = samplingInterval
        guard let stamp = EventText.stamp(in: text, hint: &stampOffset) else { return }
        record(now &- min(stamp, now))
    }

    /// Records nanoseconds.
    mutating func record(_ nanoseconds: UInt64) {
        histogram.record(nanoseconds)
    }

    /// Forgets all.
    mutating func reset() {
        histogram.reset()
    }

    /// The percentiles; nil without a sample.
    var summary: LatencySummary? {
        guard histogram.totalCount > 0 else { return nil }
        func at(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1_000 }
        return LatencySummary(
            samples: Int(histogram.totalCount),
            p50: at(50),
            p90: at(90),
            p99: at(99),
            p999: at(99.9),
            max: at(100),
            curve: [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100].map { [$0, at($0)] }
        )
    }
}

/// Latency in microseconds.
struct LatencySummary: Codable {
    var samples: Int
    var p50: Double
    var p90: Double
    var p99: Double
    var p999: Double
    var max: Double
    /// Pairs of a percentile and its latency.
    var curve: [[Double]]
}
