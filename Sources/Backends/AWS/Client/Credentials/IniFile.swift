/// The format of the shared files.
///
/// `[section]`, `key = value`, comments from `#` or `;` at the start of a line or after a blank. Indented lines below
/// a key without value are its sub-keys, named `key.sub`; indented lines below another continue its value. Lines that
/// are none of these are skipped, as the SDKs do.
enum IniFile {
    /// Reads a text into its sections, in their order; keys are in lower case.
    static func parse(_ text: String) -> [(section: String, values: [String: String])] {
        var sections: [(section: String, values: [String: String])] = []
        var key: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let content = withoutComment(line)
            guard !content.isEmpty else { continue }
            if content.hasPrefix("["), line.first == "[" {
                key = nil
                guard let end = content.firstIndex(of: "]") else { continue }
                sections.append((content[content.index(after: content.startIndex)..<end].trimmed, [:]))
            } else if !sections.isEmpty {
                let isIndented = line.first == " " || line.first == "\t"
                add(content, below: isIndented ? key : nil, to: &sections[sections.count - 1].values)
                if !isIndented {
                    key = pair(content)?.key
                }
            }
        }
        return sections
    }

    private static func add(_ content: String, below parent: String?, to values: inout [String: String]) {
        if let parent, values[parent]?.isEmpty == false {
            values[parent]?.append("\n\(content)")
        } else if let (key, value) = pair(content) {
            values[parent.map { "\($0).\(key)" } ?? key] = value
        }
    }

    private static func pair(_ content: String) -> (key: String, value: String)? {
        guard let equals = content.firstIndex(of: "=") else { return nil }
        let key = content[..<equals].trimmed.lowercased()
        return key.isEmpty ? nil : (key, content[content.index(after: equals)...].trimmed)
    }

    private static func withoutComment(_ line: Substring) -> String {
        let text = line.trimmed
        if text.hasPrefix("#") || text.hasPrefix(";") { return "" }
        let comment = [" #", " ;", "\t#", "\t;"].compactMap { text.firstRange(of: $0)?.lowerBound }.min()
        return text[..<(comment ?? text.endIndex)].trimmed
    }
}
