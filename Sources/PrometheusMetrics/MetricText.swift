/// Makes names and label sets that the text format accepts out of any strings.
enum MetricText {
    /// Replaces what a metric name may not contain: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    static func metricName(_ name: String) -> String {
        legal(name) { isLegal($0) || $0 == UInt8(ascii: ":") }
    }

    /// Replaces what a label name may not contain: `[a-zA-Z_][a-zA-Z0-9_]*`, no two leading underscores.
    ///
    /// `le` belongs to the buckets of histograms and is renamed.
    static func labelName(_ name: String) -> String {
        let name = legal(name, isLegal)
        if name == "le" { return "exported_le" }
        guard name.utf8.starts(with: "__".utf8) else { return name }
        return "_" + name.drop { $0 == "_" }
    }

    /// Writes labels as they stand between braces, ordered by name; the last of two equal names wins.
    static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        var values: [String: String] = [:]
        for (name, value) in dimensions {
            values[labelName(name)] = value
        }
        return values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(escapedLabelValue($0.value))\"" }
            .joined(separator: ",")
    }

    /// Escapes backslash, quote and line feed; a NUL, which Prometheus's parser takes for the end, is replaced.
    static func escapedLabelValue(_ value: String) -> String {
        escaped(value, quote: true)
    }

    /// Escapes backslash and line feed.
    static func escapedHelp(_ help: String) -> String {
        escaped(help, quote: false)
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = String.UnicodeScalarView()
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: #"\\"#.unicodeScalars)
            case "\n": result.append(contentsOf: #"\n"#.unicodeScalars)
            case "\"" where quote: result.append(contentsOf: #"\""#.unicodeScalars)
            case "\0": result.append("\u{fffd}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func legal(_ name: String, _ isAllowed: (UInt8) -> Bool) -> String {
        let bytes = name.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
        guard let first = bytes.first else { return "_" }
        let text = String(decoding: bytes, as: UTF8.self)
        return isDigit(first) ? "_" + text : text
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
