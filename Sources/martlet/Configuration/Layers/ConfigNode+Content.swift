import Configuration

extension ConfigNode {
    /// The value as a type of the reader, or `nil` if it is none.
    ///
    /// Texts are understood for every type, since that is all that variables and the command line have.
    func content(as type: ConfigType) -> ConfigContent? {
        switch type {
        case .bool: bool.map(ConfigContent.bool)
        case .int: int.map(ConfigContent.int)
        case .string: string.map(ConfigContent.string)
        case .stringArray: strings.map(ConfigContent.stringArray)
        case .double, .bytes, .intArray, .doubleArray, .boolArray, .byteChunkArray: nil
        }
    }

    private var bool: Bool? {
        switch self {
        case .bool(let bool): return bool
        case .string(let text):
            switch text.lowercased() {
            case "true", "1", "yes", "on": return true
            case "false", "0", "no", "off": return false
            default: return nil
            }
        default: return nil
        }
    }

    private var int: Int? {
        switch self {
        case .int(let int): int
        case .double(let double): Int(exactly: double)
        case .string(let text): Int(text)
        default: nil
        }
    }

    private var string: String? {
        switch self {
        case .string(let text): text
        case .int(let int): String(int)
        default: nil
        }
    }

    /// The address that a table names by its host and its port, as lists of Redis nodes may have them.
    private var hostAndPort: String? {
        guard case .table(let table) = self, case .string(let host)? = table["host"] else { return nil }
        switch (table.count, table["port"]?.int) {
        case (1, nil): return host
        case (2, let port?): return host.contains(":") && !host.contains("[") ? "[\(host)]:\(port)" : "\(host):\(port)"
        default: return nil
        }
    }

    /// The texts of a list, the parts of a text between commas, or the pairs of a table.
    private var strings: [String]? {
        switch self {
        case .string(let text):
            return text.split(separator: ",").map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
        case .list(let nodes):
            let texts = nodes.compactMap { $0.string ?? $0.hostAndPort }
            return texts.count == nodes.count ? texts : nil
        case .table(let table):
            let pairs = table.compactMap { name, node in node.string.map { "\(name)=\($0)" } }
            return pairs.count == table.count ? pairs.sorted() : nil
        default:
            return nil
        }
    }
}

extension StringProtocol {
    /// The text without spaces, tabs and line ends around it.
    func trimmingSpaces() -> String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
