/// A value of one key, in the unit of the key.
enum SettingValue: Sendable, Equatable, CustomStringConvertible {
    case none
    case flag(Bool)
    case number(Int)
    case text(String)
    case list([String])
    case pairs([String: String])

    /// The value as the command line takes it.
    var description: String {
        switch self {
        case .none: "none"
        case .flag(let flag): String(flag)
        case .number(let number): String(number)
        case .text(let text): text
        case .list(let texts): texts.joined(separator: ",")
        case .pairs(let pairs): pairs.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ",")
        }
    }

    /// Says whether nothing is set.
    var isEmpty: Bool {
        switch self {
        case .none: true
        case .text(let text): text.isEmpty
        case .list(let texts): texts.isEmpty
        case .pairs(let pairs): pairs.isEmpty
        case .flag, .number: false
        }
    }
}
