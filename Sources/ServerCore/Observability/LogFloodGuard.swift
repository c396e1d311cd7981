/// Lets so many equal lines through in a second and counts the rest, so that hostile input cannot flood the log.
///
/// Lines are equal if their label and message are; messages are constant texts, and data is in the metadata. Each kind
/// has a token bucket; the number of kinds is bounded.
struct LogFloodGuard: Sendable {
    private static let maxKinds = 1_024
    /// How often at most the suppressed lines of one kind are summed up.
    private static let summaryInterval: Duration = .seconds(1)

    private let interval: Duration
    private let burst: Duration
    private var buckets = RecencyTable<Kind, Bucket>()

    init(maxEqualLinesPerSecond: Int) {
        let most = max(maxEqualLinesPerSecond, 1)
        interval = .seconds(1) / most
        burst = interval * (most - 1)
    }

    /// A label and a message.
    struct Kind: Hashable, Sendable {
        var label: String
        var message: String
    }

    /// So many lines of a kind did not appear.
    struct Summary: Equatable {
        var kind: Kind
        var count: Int
    }

    /// The token bucket of a kind, as the time when it is full again.
    private struct Bucket: Sendable {
        var fullAt: ContinuousClock.Instant
        var suppressed = 0
        var suppressedSince: ContinuousClock.Instant

        func isDue(at now: ContinuousClock.Instant) -> Bool {
            suppressed > 0 && suppressedSince + LogFloodGuard.summaryInterval <= now
        }
    }

    /// Decides on a line.
    ///
    /// Returns the summaries that are due by now, of this and of other kinds; they go before the line.
    mutating func admit(_ kind: Kind, at now: ContinuousClock.Instant) -> (isAdmitted: Bool, summaries: [Summary]) {
        var summaries: [Summary] = []
        let (interval, burst) = (interval, burst)
        let isAdmitted = buckets.update(kind) { bucket -> Bool in
            if bucket.isDue(at: now) {
                summaries.append(Summary(kind: kind, count: bucket.suppressed))
                bucket.suppressed = 0
            }
            if max(bucket.fullAt, now) - now <= burst {
                bucket.fullAt = max(bucket.fullAt, now) + interval
                return true
            }
            if bucket.suppressed == 0 { bucket.suppressedSince = now }
            bucket.suppressed += 1
            return false
        }
        if isAdmitted == nil {
            buckets.insert(Bucket(fullAt: now + interval, suppressedSince: now), for: kind)
            while buckets.count > Self.maxKinds, let (kind, bucket) = buckets.removeOldest() {
                if bucket.suppressed > 0 { summaries.append(Summary(kind: kind, count: bucket.suppressed)) }
            }
        }
        return (isAdmitted ?? true, summaries + takeSummaries(at: now, slots: 4))
    }

    /// Returns the summaries that are due among all kinds, or all at the end.
    mutating func takeSummaries(at now: ContinuousClock.Instant, isFinal: Bool) -> [Summary] {
        isFinal
            ? takeSummaries(at: now + Self.summaryInterval, slots: .max)
            : takeSummaries(at: now, slots: .max)
    }

    private mutating func takeSummaries(at now: ContinuousClock.Instant, slots: Int) -> [Summary] {
        buckets.sweep(slots) { $0.isDue(at: now) }.map { kind, bucket in
            // Put back without its count, so that the flood does not get a full bucket for being summed up.
            buckets.insert(Bucket(fullAt: bucket.fullAt, suppressedSince: now), for: kind)
            return Summary(kind: kind, count: bucket.suppressed)
        }
    }
}
