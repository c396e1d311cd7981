/// A regular expression on channel names, compiled once.
///
/// The engine backtracks, so that some expressions take exponential time on names chosen by a client. Names are
/// therefore at most 200 bytes, and expressions whose repetition can be split in many ways are refused: a repeated
/// group that itself repeats or alternates, back references and look-around (which Sockudo's engine lacks, too).
package struct ChannelPattern {
    /// The longest name that is matched; Pusher's limit is 164 and the longest that may be configured is 200.
    static let maxNameBytes = 200
    static let maxPatternBytes = 512

    private let regex: Regex<AnyRegexOutput>

    /// Compiles an expression; throws for one that is not valid, too long, or dangerous to match.
    package init(_ text: String) throws(ConfigurationProblem) {
        let key = "filter.channel_pattern"
        guard text.utf8.count <= Self.maxPatternBytes else {
            throw ConfigurationProblem(key: key, message: "is longer than \(Self.maxPatternBytes) bytes")
        }
        if let danger = Self.danger(in: Array(text.utf8)) {
            throw ConfigurationProblem(key: key, message: danger)
        }
        do {
            regex = try Regex(text).matchingSemantics(.unicodeScalar)
        } catch {
            throw ConfigurationProblem(key: key, message: "is not a valid regular expression")
        }
    }

    /// Whether the expression matches somewhere in the name.
    package func matches(_ name: String) -> Bool {
        guard name.utf8.count <= Self.maxNameBytes else { return false }
        do {
            return try regex.firstMatch(in: name) != nil
        } catch {
            // Only expressions with transforming closures throw, and these come from text.
            return false
        }
    }

    /// What could make matching explode, or `nil`.
    private static func danger(in text: [UInt8]) -> String? {
        /// Whether each open group, outermost first, repeats or alternates inside.
        var groups: [Bool] = [false]
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\\"):
                if index + 1 < text.count,
                    UInt8(ascii: "1")...UInt8(ascii: "9") ~= text[index + 1]
                        || text[index + 1] == UInt8(ascii: "k") || text[index + 1] == UInt8(ascii: "g")
                {
                    return "holds a back reference"
                }
                index += 1
            case UInt8(ascii: "["):
                index = endOfClass(in: text, from: index)
            case UInt8(ascii: "("):
                if isLookAround(text[index...]) { return "holds a look-around or another special group" }
                groups.append(false)
            case UInt8(ascii: "|"):
                groups[groups.count - 1] = true
            case UInt8(ascii: ")") where groups.count > 1:
                let isComplex = groups.removeLast()
                let isRepeated = repeats(text, at: index + 1)
                if isComplex, isRepeated {
                    return "repeats a group that itself repeats or alternates; write a character class instead"
                }
                groups[groups.count - 1] = groups[groups.count - 1] || isComplex
            default:
                if repeats(text, at: index) { groups[groups.count - 1] = true }
            }
            index += 1
        }
        return nil
    }

    /// Whether a quantifier that allows more than one repetition stands at an index.
    private static func repeats(_ text: [UInt8], at index: Int) -> Bool {
        guard index < text.count else { return false }
        return [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "{")].contains(text[index])
    }

    private static func isLookAround(_ text: ArraySlice<UInt8>) -> Bool {
        let head = text.prefix(3)
        guard head.count > 1, head[head.startIndex + 1] == UInt8(ascii: "?") else { return false }
        // Named and plain non-capturing groups and flags are harmless.
        guard head.count > 2 else { return true }
        switch head[head.startIndex + 2] {
        case UInt8(ascii: ":"), UInt8(ascii: "i"), UInt8(ascii: "s"), UInt8(ascii: "P"): return false
        default: return true
        }
    }

    private static func endOfClass(in text: [UInt8], from start: Int) -> Int {
        // Nested classes end too early here, which only makes the check stricter.
        var index = start + 1
        while index < text.count, text[index] != UInt8(ascii: "]") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index
    }
}
