/// One of the two ways to name an app.
package enum AppLookup: Sendable, Hashable {
    case id(String)
    case key(String)

    /// The id or key itself.
    var text: String {
        switch self {
        case .id(let text), .key(let text): text
        }
    }

    /// Says whether the app has exactly this id or key; a store may compare more loosely, such as without case.
    func names(_ app: App) -> Bool {
        switch self {
        case .id(let id): app.id == id
        case .key(let key): app.key == key
        }
    }
}
