/// Words about keys that the configuration has and the server has not.
enum UnknownKeys {
    /// Says that a key is ignored, or not known and which known one is near.
    static func warning(about name: String, in origin: String) -> String {
        let shown = shortened(name)
        if let reason = IgnoredKeys.names[name] {
            return "\(origin): \(shown) \(reason.rawValue)"
        }
        let parts = name.split(separator: ".")
        for count in stride(from: parts.count - 1, to: 0, by: -1) {
            if let reason = IgnoredKeys.names[parts[..<count].joined(separator: ".")] {
                return "\(origin): \(shown) \(reason.rawValue)"
            }
        }
        let nearest = EditDistance.nearest(to: name, among: KeyTable.byName.keys)
        return "\(origin): \(shown) is not known" + (nearest.map { "; did you mean \($0)?" } ?? "")
    }

    /// A key as it may be shown: without control characters and not endless.
    private static func shortened(_ name: String) -> String {
        let visible = String(String.UnicodeScalarView(name.unicodeScalars.prefix(80).filter { $0.value >= 0x20 }))
        return name.unicodeScalars.count > 80 ? "\(visible)…" : visible
    }
}
