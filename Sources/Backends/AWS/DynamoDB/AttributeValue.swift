package import FoundationEssentials

/// A value of an item (DynamoDB API, `AttributeValue`).
package indirect enum AttributeValue: Sendable, Equatable {
    case string(String)
    /// A number in decimal digits, as DynamoDB keeps up to 38 of them.
    case number(String)
    case bool(Bool)
    case null
    case binary(Data)
    case list([AttributeValue])
    case map([String: AttributeValue])
    case stringSet([String])
    case numberSet([String])
    case binarySet([Data])

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value as plain JSON, as Sockudo's SDK would give it; `nil` for bytes, which no app has.
    var json: JSONValue? {
        switch self {
        case .string(let text): .string(text)
        case .number(let digits): JSONValue(number: digits)
        case .bool(let flag): .bool(flag)
        case .null: .null
        case .list(let values): Self.array(values.map(\.json))
        case .map(let values): Self.object(values)
        case .stringSet(let texts): .array(texts.map { .string($0) })
        case .numberSet(let digits): Self.array(digits.map { JSONValue(number: $0) })
        case .binary, .binarySet: nil
        }
    }

    private static func array(_ values: [JSONValue?]) -> JSONValue? {
        let known = values.compactMap(\.self)
        return known.count == values.count ? .array(known) : nil
    }

    private static func object(_ values: [String: AttributeValue]) -> JSONValue? {
        let known = values.compactMapValues(\.json)
        return known.count == values.count ? .object(known) : nil
    }
}

extension AttributeValue: Codable {
    private enum CodingKeys: String, CodingKey {
        case string = "S"
        case number = "N"
        case bool = "BOOL"
        case null = "NULL"
        case binary = "B"
        case list = "L"
        case map = "M"
        case stringSet = "SS"
        case numberSet = "NS"
        case binarySet = "BS"
    }

    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        guard let key = object.allKeys.first, object.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "an attribute must have one known type")
            )
        }
        self =
            switch key {
            case .string: .string(try object.decode(String.self, forKey: key))
            case .number: .number(try object.decode(String.self, forKey: key))
            case .bool: .bool(try object.decode(Bool.self, forKey: key))
            case .null: .null
            case .binary: .binary(try object.decode(Data.self, forKey: key))
            case .list: .list(try object.decode([AttributeValue].self, forKey: key))
            case .map: .map(try object.decode([String: AttributeValue].self, forKey: key))
            case .stringSet: .stringSet(try object.decode([String].self, forKey: key))
            case .numberSet: .numberSet(try object.decode([String].self, forKey: key))
            case .binarySet: .binarySet(try object.decode([Data].self, forKey: key))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .string(let text): try object.encode(text, forKey: .string)
        case .number(let digits): try object.encode(digits, forKey: .number)
        case .bool(let flag): try object.encode(flag, forKey: .bool)
        case .null: try object.encode(true, forKey: .null)
        case .binary(let data): try object.encode(data, forKey: .binary)
        case .list(let values): try object.encode(values, forKey: .list)
        case .map(let values): try object.encode(values, forKey: .map)
        case .stringSet(let texts): try object.encode(texts, forKey: .stringSet)
        case .numberSet(let digits): try object.encode(digits, forKey: .numberSet)
        case .binarySet(let data): try object.encode(data, forKey: .binarySet)
        }
    }
}
