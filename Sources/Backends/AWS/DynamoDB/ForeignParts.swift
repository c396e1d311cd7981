import ServerCore

/// The parts of an item that ``App`` does not know, so that a change of an app leaves them as they are.
///
/// Sockudo keeps settings of features here that this server has not, such as namespaces or delta compression.
struct ForeignParts: Sendable, Equatable {
    /// Attributes beside ours.
    var attributes: [String: AttributeValue] = [:]
    /// The policy without what ``App`` knows of it.
    var policy: JSONValue?

    /// Makes no parts.
    init() {}

    /// Takes what is foreign out of an item and its JSON.
    init(attributes: [String: AttributeValue], json: JSONValue) {
        guard case .object(let object) = json else { return }
        if let policy = object["policy"] {
            self.attributes = attributes.filter { !Self.ownAttributes.contains($0.key) }
            self.policy = policy.without(Self.known)
        } else {
            // The older form becomes a policy; what it holds beyond ours stays beside it.
            self.attributes = attributes.filter {
                !Self.ownAttributes.contains($0.key) && !Self.flatNames.contains($0.key)
            }
        }
    }

    /// The attributes that are written anew each time.
    private static let ownAttributes = Set(App.CodingKeys.allCases.map(\.rawValue) + ["version"])

    /// What ``App`` knows of a policy.
    private static let known = JSONShape.object([
        "limits": .object(Dictionary(uniqueKeysWithValues: AppLimits.CodingKeys.allCases.map { ($0.rawValue, .leaf) })),
        "features": .object(
            Dictionary(uniqueKeysWithValues: AppFeatures.CodingKeys.allCases.map { ($0.rawValue, .leaf) })
        ),
        "channels": .object(
            Dictionary(uniqueKeysWithValues: AppPolicy.ChannelsKeys.allCases.map { ($0.rawValue, .leaf) })
        ),
        "idempotency": .object(
            Dictionary(uniqueKeysWithValues: AppIdempotency.CodingKeys.allCases.map { ($0.rawValue, .leaf) })
        ),
        "webhooks": .leaf,
    ])

    /// The names of the older form that ``App`` reads.
    private static let flatNames = Set(
        AppLimits.CodingKeys.allCases.map(\.rawValue) + AppFeatures.CodingKeys.allCases.map(\.rawValue)
            + AppPolicy.ChannelsKeys.allCases.map(\.rawValue) + ["webhooks", "idempotency"]
    )
}

/// Which parts of a JSON object are meant.
indirect enum JSONShape: Sendable {
    /// The whole value.
    case leaf
    /// These members of an object.
    case object([String: JSONShape])
}

extension JSONValue {
    /// The value without the parts of a shape; `nil` if nothing is left.
    func without(_ shape: JSONShape) -> JSONValue? {
        guard case .object(let shapes) = shape, case .object(let members) = self else { return nil }
        var rest: [String: JSONValue] = [:]
        for (name, value) in members {
            guard let shape = shapes[name] else {
                rest[name] = value
                continue
            }
            rest[name] = value.without(shape)
        }
        return rest.isEmpty ? nil : .object(rest)
    }

    /// The value with the members of another that it does not have itself.
    func completed(from other: JSONValue) -> JSONValue {
        guard case .object(let own) = self, case .object(let others) = other else { return self }
        return .object(own.merging(others) { $0.completed(from: $1) })
    }
}
