import FoundationEssentials
package import ServerCore

/// An app as an item of Sockudo's table, and back.
///
/// Written: `id`, `key`, `secret`, `enabled` and `policy` (a string of JSON), as Sockudo does, and beside them
/// `previous_secrets` while there are any and `version`, which counts changes; Sockudo skips both. Read: the policy as a
/// string or a map, or the older form with one attribute for each value.
package struct AppItem: Sendable, Equatable {
    package var app: App
    /// Counts the changes of the item; 0 in one that Sockudo wrote.
    package var version: Int64
    /// What the item holds and ``App`` does not: other attributes, and other parts of the policy.
    var foreign = ForeignParts()

    /// Makes an item.
    package init(app: App, version: Int64) {
        self.app = app
        self.version = version
    }

    /// The most bytes that DynamoDB takes for a key attribute of the table and for one of an index.
    static let maxIDBytes = 2048
    static let maxKeyBytes = 1024

    /// The attributes to write, with what is not ours as it was.
    package func attributes() throws(BackendError) -> [String: AttributeValue] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let policy: Data
        do {
            let own = try JSONDecoder().decode(JSONValue.self, from: encoder.encode(app.policy))
            policy = try encoder.encode(foreign.policy.map { own.completed(from: $0) } ?? own)
        } catch {
            throw BackendError(.malformed, "the policy of app '\(app.id)' cannot be written as JSON", underlying: error)
        }
        var attributes = foreign.attributes
        attributes["id"] = .string(app.id)
        attributes["key"] = .string(app.key)
        attributes["secret"] = .string(app.secret)
        attributes["enabled"] = .bool(app.isEnabled)
        attributes["policy"] = .string(String(decoding: policy, as: UTF8.self))
        attributes["version"] = .number(String(version))
        if !app.previousSecrets.isEmpty {
            attributes["previous_secrets"] = .list(app.previousSecrets.map { .string($0) })
        }
        return attributes
    }

    /// Reads an item; throws `.malformed` with the app's id and the place of the fault, never a value.
    package init(attributes: [String: AttributeValue]) throws(BackendError) {
        let id = attributes["id"]?.string ?? ""
        do {
            let json = try Self.json(attributes)
            app = try JSONDecoder().decode(App.self, from: JSONEncoder().encode(json))
            foreign = ForeignParts(attributes: attributes, json: json)
        } catch let problem as Problem {
            throw BackendError(.malformed, "the item of app '\(id)': \(problem.description)")
        } catch let error as DecodingError {
            throw BackendError(.malformed, "the item of app '\(id)': \(Problem(error).description)")
        } catch {
            throw BackendError(.malformed, "the item of app '\(id)' cannot be read")
        }
        version = Self.version(of: attributes)
    }

    /// The version of an item, whatever else it holds.
    static func version(of attributes: [String: AttributeValue]) -> Int64 {
        guard case .number(let digits) = attributes["version"] else { return 0 }
        return Int64(digits) ?? 0
    }

    /// The JSON that ``App`` reads.
    private static func json(_ attributes: [String: AttributeValue]) throws(Problem) -> JSONValue {
        var object: [String: JSONValue] = [:]
        for (name, attribute) in attributes where name != "version" {
            if embedded.contains(name), let text = attribute.string {
                object[name] = try parse(text, name)
            } else if let value = attribute.json {
                object[name] = value
            } else {
                throw Problem("attribute '\(name)' is of a type that no app has")
            }
        }
        if case .object = object["policy"] {
            return .object(object)
        }
        // Anything but an object, such as an empty string, is no policy: the older attributes count.
        object["policy"] = nil
        return .object(object)
    }

    /// The attributes that hold JSON in a string.
    private static let embedded: Set<String> = [
        "policy", "webhooks", "idempotency", "connection_recovery", "channel_delta_compression", "channel_namespaces",
    ]

    private static func parse(_ text: String, _ name: String) throws(Problem) -> JSONValue? {
        guard !text.isEmpty else { return nil }
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        } catch {
            throw Problem("attribute '\(name)' is not JSON")
        }
    }

    /// What is wrong with an item, without its values.
    private struct Problem: Error {
        var description: String

        init(_ description: String) {
            self.description = description
        }

        init(_ error: DecodingError) {
            let context: DecodingError.Context? =
                switch error {
                case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                    .dataCorrupted(let context):
                    context
                @unknown default: nil
                }
            var path = context?.codingPath.map(\.stringValue) ?? []
            if case .keyNotFound(let key, _) = error { path.append(key.stringValue) }
            self.init("'\(path.joined(separator: "."))' is missing or of another type than an app's")
        }
    }
}
