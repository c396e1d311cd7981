/// A value as it stands in a file, whatever the format.
enum ConfigNode: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([ConfigNode])
    case table([String: ConfigNode])

    /// Names the kind for messages.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .int, .double: "a number"
        case .string: "text"
        case .list: "a list"
        case .table: "a table"
        }
    }
}

extension ConfigNode: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let bool = try container.ifMatching(Bool.self) {
            self = .bool(bool)
        } else if let int = container.ifNumber(Int.self) {
            self = .int(int)
        } else if let double = container.ifNumber(Double.self) {
            self = .double(double)
        } else if let string = try container.ifMatching(String.self) {
            self = .string(string)
        } else if let list = try container.ifMatching([ConfigNode].self) {
            self = .list(list)
        } else {
            self = .table(try container.decode([String: ConfigNode].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .int(let int): try container.encode(int)
        case .double(let double): try container.encode(double)
        case .string(let string): try container.encode(string)
        case .list(let list): try container.encode(list)
        case .table(let table): try container.encode(table)
        }
    }
}

extension SingleValueDecodingContainer {
    /// Decodes a value, or returns `nil` if the value is of another type.
    fileprivate func ifMatching<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        do {
            return try decode(type)
        } catch DecodingError.typeMismatch {
            return nil
        }
    }

    /// Decodes a number, or returns `nil` if there is none or it does not fit, for which decoders have many errors.
    fileprivate func ifNumber<Value: Decodable & Numeric>(_ type: Value.Type) -> Value? {
        do {
            return try decode(type)
        } catch {
            return nil
        }
    }
}
