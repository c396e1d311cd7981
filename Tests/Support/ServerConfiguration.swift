import Foundation

/// The configuration of the servers under test.
enum ServerConfiguration {
    /// Tests/EndToEndTests/server.json with `overriding` merged over it.
    static func merged(overriding: String) throws -> [String: Any] {
        let base = try Data(contentsOf: PackagePaths.root.appending(path: "Tests/EndToEndTests/server.json"))
        return merge(try object(base), with: try object(Data(overriding.utf8)))
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw MartletProcess.StartFailure(description: "a configuration must be one JSON object")
        }
        return object
    }

    private static func merge(_ base: [String: Any], with override: [String: Any]) -> [String: Any] {
        base.merging(override) { old, new in
            guard let old = old as? [String: Any], let new = new as? [String: Any] else { return new }
            return merge(old, with: new)
        }
    }
}
