import FoundationEssentials
import TOMLKit

extension ConfigNode {
    /// The formats of a file.
    enum Format: Equatable {
        case json
        case toml
    }

    /// A file that is not in its format.
    struct SyntaxError: Error {
        var message: String
    }

    /// Reads a file's text, which has a table at its root.
    init(text: String, format: Format) throws(SyntaxError) {
        guard !text.utf8.contains(0) else { throw SyntaxError(message: "contains a zero byte") }
        switch format {
        case .json: self = try Self.parseJSON(text)
        case .toml: self = try Self.parseTOML(text)
        }
        guard case .table = self else { throw SyntaxError(message: "must be a table, not \(kindName)") }
    }

    private static func parseJSON(_ text: String) throws(SyntaxError) -> ConfigNode {
        guard isShallow(text) else { throw SyntaxError(message: "is nested deeper than \(maxDepth) levels") }
        do {
            return try JSONDecoder().decode(ConfigNode.self, from: Data(text.utf8))
        } catch DecodingError.dataCorrupted(let context) {
            let cause = context.underlyingError.map { ": \($0)" } ?? ""
            throw SyntaxError(message: "is not valid JSON\(cause)")
        } catch {
            throw SyntaxError(message: "is not valid JSON")
        }
    }

    private static func parseTOML(_ text: String) throws(SyntaxError) -> ConfigNode {
        var precheck = TOMLPrecheck(text: text)
        if let line = precheck.firstBadLine() {
            throw SyntaxError(message: "is not valid TOML: unexpected character in line \(line)")
        }
        do {
            return try node(of: TOMLTable(string: text))
        } catch let error as TOMLParseError {
            throw SyntaxError(message: "is not valid TOML: \(error.description) (\(error.source.debugDescription))")
        } catch let error as SyntaxError {
            throw error
        } catch {
            throw SyntaxError(message: "is not valid TOML")
        }
    }

    private static func node(of table: TOMLTable) throws(SyntaxError) -> ConfigNode {
        var nodes: [String: ConfigNode] = [:]
        for key in table.keys {
            guard let value = table[key] else {
                throw SyntaxError(message: "has a key with a zero byte")
            }
            nodes[key] = try node(of: value)
        }
        return .table(nodes)
    }

    private static func node(of value: any TOMLValueConvertible) throws(SyntaxError) -> ConfigNode {
        switch value.type {
        case .table:
            guard let table = value.table else { return .null }
            return try node(of: table)
        case .array:
            var nodes: [ConfigNode] = []
            for element in value.array ?? [] {
                nodes.append(try node(of: element))
            }
            return .list(nodes)
        case .string: return .string(value.string ?? "")
        case .int: return .int(value.int ?? 0)
        case .double: return .double(value.double ?? 0)
        case .bool: return .bool(value.bool ?? false)
        case .date, .time, .dateTime: return .string(value.debugDescription)
        }
    }

    /// More than any configuration needs, and far from where a recursive parser ends.
    static let maxDepth = 64

    /// Says whether brackets outside of strings nest no deeper than allowed.
    private static func isShallow(_ text: String) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                isEscaped = false
            } else if isInString {
                isEscaped = byte == UInt8(ascii: "\\")
                isInString = byte != UInt8(ascii: "\"")
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
                guard depth <= maxDepth else { return false }
            }
        }
        return true
    }
}
