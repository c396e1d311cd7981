/// A reply of a Redis server (RESP2).
package enum RESPValue: Sendable, Equatable {
    case null
    case integer(Int64)
    /// A bulk string, any bytes.
    case bytes([UInt8])
    /// A simple string such as `OK`.
    case status(String)
    /// An error such as `MOVED 6469 10.0.0.3:6379`; its first word is its kind.
    case error(String)
    case array([RESPValue])

    /// The bytes of a bulk or simple string.
    package var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .null, .integer, .error, .array: nil
        }
    }

    /// The text of a bulk or simple string; invalid UTF-8 is repaired.
    package var text: String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// An integer, also one in digits.
    package var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .bytes, .status: text.flatMap { Int64($0) }
        case .null, .error, .array: nil
        }
    }

    /// The elements of an array.
    package var elements: [RESPValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The kind of an error, such as `MOVED`.
    var errorKind: Substring? {
        guard case .error(let text) = self else { return nil }
        return text.prefix { $0 != " " }
    }
}
