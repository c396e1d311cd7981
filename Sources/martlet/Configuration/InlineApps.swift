import FoundationEssentials
import ServerCore

/// Reads the apps that stand in the configuration file.
enum InlineApps {
    /// The apps of a list; what cannot be read is a problem, what is not known a warning.
    static func apps(in node: ConfigNode, origin: String, findings: inout Findings) -> [App] {
        guard case .list(let nodes) = node else {
            findings.problems.append(
                "\(origin): \(AppManagerKeys.inlineApps) must be \(SettingKind.apps.expectation), not \(node.kindName)"
            )
            return []
        }
        var apps: [App] = []
        for (index, node) in nodes.enumerated() {
            let name = "\(AppManagerKeys.inlineApps)[\(index)]"
            findings.warnings += AppKeySchema.app.findings(in: node, at: name).map { "\(origin): \($0)" }
            do {
                let data = try JSONEncoder().encode(node)
                apps.append(try JSONDecoder().decode(App.self, from: data))
            } catch let error as DecodingError {
                findings.problems.append("\(origin): \(name)\(message(of: error))")
            } catch {
                findings.problems.append("\(origin): \(name) cannot be read")
            }
        }
        return apps
    }

    /// Says where in the app the error is and what was expected there, without the value.
    private static func message(of error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            return "\(path(context.codingPath)) must be \(kindName(of: type))"
        case .dataCorrupted(let context):
            return "\(path(context.codingPath)) \(context.debugDescription)"
        @unknown default:
            return " cannot be read"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    }

    private static func kindName(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "a whole number"
        case is [Any].Type: "a list"
        default: "a table"
        }
    }
}
