/// Any JSON, to turn an item's attributes into the JSON of an app.
enum JSONValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case null
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads a number's digits; `nil` if they are none.
    init?(number digits: String) {
        if let integer = Int64(digits) {
            self = .integer(integer)
        } else if let number = Double(digits), number.isFinite {
            self = .number(number)
        } else {
            return nil
        }
    }
}

extension JSONValue: Codable {
    init(from decoder: any Decoder) throws {
        if let object = Self.attempt({ try decoder.container(keyedBy: JSONKey.self) }) {
            self = .object(
                try object.allKeys.reduce(into: [:]) { $0[$1.stringValue] = try object.decode(Self.self, forKey: $1) }
            )
        } else if var array = Self.attempt({ try decoder.unkeyedContainer() }) {
            var values: [JSONValue] = []
            while !array.isAtEnd {
                values.append(try array.decode(Self.self))
            }
            self = .array(values)
        } else {
            self = try Self.scalar(try decoder.singleValueContainer())
        }
    }

    private static func scalar(_ value: any SingleValueDecodingContainer) throws -> JSONValue {
        if value.decodeNil() { return .null }
        if let flag = attempt({ try value.decode(Bool.self) }) { return .bool(flag) }
        if let integer = attempt({ try value.decode(Int64.self) }) { return .integer(integer) }
        if let number = attempt({ try value.decode(Double.self) }) { return .number(number) }
        return .string(try value.decode(String.self))
    }

    /// What a decoder throws when the value is of another kind only means to try the next kind.
    private static func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            return nil
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let values):
            var object = encoder.container(keyedBy: JSONKey.self)
            for (key, value) in values {
                try object.encode(value, forKey: JSONKey(stringValue: key))
            }
        case .array(let values):
            var array = encoder.unkeyedContainer()
            for value in values {
                try array.encode(value)
            }
        case .string(let text): try Self.encode(text, to: encoder)
        case .integer(let integer): try Self.encode(integer, to: encoder)
        case .number(let number): try Self.encode(number, to: encoder)
        case .bool(let flag): try Self.encode(flag, to: encoder)
        case .null:
            var value = encoder.singleValueContainer()
            try value.encodeNil()
        }
    }

    private static func encode(_ scalar: some Encodable, to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(scalar)
    }
}

/// A key that is not known beforehand.
private struct JSONKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}
