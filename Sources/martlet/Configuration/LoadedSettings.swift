/// Settings that were read and found valid.
struct LoadedSettings: Sendable {
    var settings: Settings
    /// What the operator should know and the server can start with.
    var warnings: [String]
    /// Where each key's value stands, such as `environment variable PORT`; a key without an entry has its default.
    var origins: [String: String]
}
