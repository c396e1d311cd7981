import FoundationEssentials

extension SettingsLayer {
    /// Makes the layer of the environment; an empty variable counts as not set.
    ///
    /// Of a secret's variables, `NAME_FILE` names a file whose text, without the line end, is the value.
    init(environment: [String: String], findings: inout Findings) {
        let isSet = environment.filter { !$0.value.isEmpty }
        var entries: [String: Entry] = [:]
        for key in KeyTable.all {
            for name in key.environment {
                if key.isSecret, let path = isSet["\(name)_FILE"] {
                    guard isSet[name] == nil else {
                        findings.problems.append("environment variables \(name) and \(name)_FILE: only one can be set")
                        break
                    }
                    if let text = Self.secret(in: path, variable: "\(name)_FILE", findings: &findings) {
                        entries[key.name] = Entry(node: .string(text), origin: "environment variable \(name)_FILE")
                    }
                    break
                }
                if let text = isSet[name] {
                    entries[key.name] = Entry(node: .string(text), origin: "environment variable \(name)")
                    break
                }
            }
        }
        self.init(name: "environment", entries: entries)
        findings.warnings += Self.warnings(about: isSet.keys.sorted())
    }

    private static func secret(in path: String, variable: String, findings: inout Findings) -> String? {
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            guard let text = String(validating: data, as: UTF8.self) else {
                findings.problems.append("environment variable \(variable): the file is not text")
                return nil
            }
            return text.trimmingSpaces()
        } catch {
            findings.problems.append("environment variable \(variable): cannot read '\(path)'")
            return nil
        }
    }

    /// Tells of variables that look like ours or are Sockudo's, and are not read.
    private static func warnings(about names: [String]) -> [String] {
        names.compactMap { name in
            guard !KeyTable.environmentNames.contains(name), !isServiceLink(name) else { return nil }
            if let reason = IgnoredKeys.reason(forVariable: name) {
                return "environment variable \(name) \(reason.rawValue)"
            }
            guard name.hasPrefix("MARTLET_") || name.hasPrefix("SOCKUDO_") else { return nil }
            let nearest = EditDistance.nearest(to: name, among: KeyTable.environmentNames)
            return "environment variable \(name) is not known" + (nearest.map { "; did you mean \($0)?" } ?? "")
        }
    }

    /// Says whether Kubernetes or Docker sets a variable of this name for a service that happens to be called so.
    private static func isServiceLink(_ name: String) -> Bool {
        name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.hasSuffix("_PORT")
            || name.contains("_PORT_")
    }
}
