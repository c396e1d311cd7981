/// Cuts messages into batches that SQS takes: ten entries, and so many bytes in all.
package enum SQSBatches {
    package static let maxEntries = 10

    /// Cuts in order; a message that is larger than `maxBytes` goes alone.
    package static func cut(_ entries: [SQSEntry], maxBytes: Int) -> [[SQSEntry]] {
        var batches: [[SQSEntry]] = []
        var bytes = 0
        for entry in entries {
            let size = entry.size
            if let last = batches.last, last.count < maxEntries, bytes + size <= maxBytes {
                batches[batches.count - 1].append(entry)
                bytes += size
            } else {
                batches.append([entry])
                bytes = size
            }
        }
        return batches
    }
}
