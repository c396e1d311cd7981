/// Comparisons whose time does not depend on where the texts differ.
enum ConstantTime {
    /// Compares the bytes of two texts; only their lengths can be told from the time that it takes.
    static func areEqual(_ first: String, _ second: String) -> Bool {
        let first = Array(first.utf8)
        let second = Array(second.utf8)
        guard first.count == second.count else { return false }
        return zip(first, second).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
