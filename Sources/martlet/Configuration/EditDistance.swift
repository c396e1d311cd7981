/// How many letters two words differ by.
enum EditDistance {
    /// The candidate that is nearest to a word, if it is near enough to be meant; the first by name among equals.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let letters = Array(word.utf8)
        guard letters.count <= 80 else { return nil }
        let limit = max(2, letters.count / 4)
        let distances = candidates.map { ($0, between(letters, Array($0.utf8))) }.filter { $0.1 <= limit }
        return distances.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The insertions, deletions and replacements that make one word the other (Levenshtein); O(letters × letters).
    static func between(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var previous = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(second.count + 1)
            for (column, other) in second.enumerated() {
                let replacement = previous[column] + (letter == other ? 0 : 1)
                current.append(min(replacement, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[second.count]
    }
}
