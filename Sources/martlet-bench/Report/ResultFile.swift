import FoundationEssentials

/// Results as JSON.
enum ResultFile {
    /// One array of results.
    static func encode(_ results: [RunResult]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(results), as: UTF8.self) + "\n"
    }

    /// What `encode` wrote.
    static func decode(_ text: String) throws -> [RunResult] {
        try JSONDecoder().decode([RunResult].self, from: Data(text.utf8))
    }
}
