/// Puts variables into the text of a file: `${NAME}` and `${NAME:-default}`.
///
/// Works on the raw text, comments included, in one pass. A variable that is empty counts as not set; a default cannot
/// contain `}`. What is not of this form stays as it is.
enum Interpolation {
    /// The names that have neither a value nor a default, each once, in the order of the text.
    struct UnresolvedVariables: Error, Equatable {
        var names: [String]
    }

    /// The text with every variable replaced.
    static func replacingVariables(
        in text: String,
        environment: [String: String]
    ) throws(UnresolvedVariables) -> String {
        var result: [UInt8] = []
        var missing: [String] = []
        let bytes = Array(text.utf8)
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard let reference = Reference(in: bytes, at: index) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if let value = environment[reference.name], !value.isEmpty {
                result += value.utf8
            } else if let fallback = reference.fallback {
                result += fallback
            } else if !missing.contains(reference.name) {
                missing.append(reference.name)
            }
            index = reference.end
        }
        guard missing.isEmpty else { throw UnresolvedVariables(names: missing) }
        return String(decoding: result, as: UTF8.self)
    }

    /// One `${…}` in a text.
    private struct Reference {
        var name: String
        var fallback: ArraySlice<UInt8>?
        /// The index after the closing brace.
        var end: Int

        /// Reads a reference that starts at an index, or returns `nil` if none does.
        init?(in bytes: [UInt8], at start: Int) {
            guard bytes[start...].starts(with: [UInt8(ascii: "$"), UInt8(ascii: "{")]) else { return nil }
            let nameStart = start + 2
            let nameEnd = bytes[nameStart...].firstIndex { !Self.isNameByte($0) } ?? bytes.count
            guard nameStart < nameEnd, nameEnd < bytes.count, !Self.isDigit(bytes[nameStart]) else { return nil }
            name = String(decoding: bytes[nameStart..<nameEnd], as: UTF8.self)
            if bytes[nameEnd] == UInt8(ascii: "}") {
                end = nameEnd + 1
                return
            }
            guard bytes[nameEnd...].starts(with: [UInt8(ascii: ":"), UInt8(ascii: "-")]) else { return nil }
            let fallbackStart = nameEnd + 2
            guard let close = bytes[fallbackStart...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
            fallback = bytes[fallbackStart..<close]
            end = close + 1
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            isDigit(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
    }
}
