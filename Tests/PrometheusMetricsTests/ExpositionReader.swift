/// Reads the text format back, strictly, for round trips.
struct ExpositionReader {
    /// One line that is not a comment.
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: String
    }

    private(set) var samples: [Sample] = []
    private(set) var types: [String: String] = [:]
    private(set) var help: [String: String] = [:]
    /// Families that had more than one HELP or TYPE line.
    private(set) var repeated: [String] = []

    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).unicodeScalars.split(separator: "\n") {
            read(String(line))
        }
    }

    private mutating func read(_ line: String) {
        if line.hasPrefix("# ") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            let replaced =
                words[1] == "HELP"
                ? help.updateValue(words[3], forKey: words[2]) : types.updateValue(words[3], forKey: words[2])
            if replaced != nil { repeated.append(words[2]) }
            return
        }
        var scalars = Substring(line).unicodeScalars
        let name = Self.take(while: { $0 != "{" && $0 != " " }, from: &scalars)
        var labels: [String: String] = [:]
        if scalars.first == "{" {
            scalars.removeFirst()
            while scalars.first != "}" {
                let label = Self.take(while: { $0 != "=" }, from: &scalars)
                scalars.removeFirst(2)
                labels[label] = Self.takeQuoted(from: &scalars)
                if scalars.first == "," { scalars.removeFirst() }
            }
            scalars.removeFirst()
        }
        samples.append(Sample(name: name, labels: labels, value: String(String(scalars).dropFirst())))
    }

    private static func take(
        while isWanted: (Unicode.Scalar) -> Bool,
        from scalars: inout Substring.UnicodeScalarView
    ) -> String {
        let taken = scalars.prefix(while: isWanted)
        scalars = scalars[taken.endIndex...]
        return String(taken)
    }

    private static func takeQuoted(from scalars: inout Substring.UnicodeScalarView) -> String {
        var result = String.UnicodeScalarView()
        while let scalar = scalars.popFirst(), scalar != "\"" {
            if scalar == "\\", let escaped = scalars.popFirst() {
                result.append(escaped == "n" ? "\n" : escaped)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
