extension SettingsLayer {
    /// Makes the layer of a file's tree, and tells of what is in it and not known.
    init(path: String, tree: ConfigNode, findings: inout Findings) {
        let origin = "file \(path)"
        var entries: [String: Entry] = [:]
        var unknown: [String] = []
        func walk(_ node: ConfigNode, at name: String) {
            if node == .null { return }
            if KeyTable.byName[name] != nil {
                entries[name] = Entry(node: node, origin: origin)
            } else if name.isEmpty || KeyTable.sections.contains(name) {
                guard case .table(let table) = node else {
                    findings.problems.append("\(origin): \(name) must be a table, not \(node.kindName)")
                    return
                }
                for (part, child) in table.sorted(by: { $0.key < $1.key }) {
                    walk(child, at: name.isEmpty ? part : "\(name).\(part)")
                }
            } else {
                unknown.append(name)
            }
        }
        walk(tree, at: "")
        self.init(name: "file", entries: entries)
        findings.warnings += unknown.map { UnknownKeys.warning(about: $0, in: origin) }
    }
}
