extension PresenceMember {
    /// Reads `channel_data`: an object with a `user_id`, a string or in the wild a number, and any `user_info`.
    package init(channelData: String) throws(PusherError) {
        let fields = try IdentityFields(channelData, idName: "user_id", name: "channel_data")
        self.init(userID: fields.id, userInfo: fields.info)
    }
}

/// A user as its backend described and signed it for signing in (Pusher protocol 7, "Users").
package struct UserData: Sendable, Equatable {
    package var id: String
    /// The raw JSON of `user_info`.
    package var info: [UInt8]?
    /// The users whose coming and going this one wants to hear of, each once, in the order given.
    package var watchlist: [String]

    /// Reads `user_data`: an object with a non-empty string `id`.
    package init(_ text: String) throws(PusherError) {
        let fields = try IdentityFields(text, idName: "id", name: "user_data")
        guard fields.isStringID else { throw PusherError("Invalid user_data: id must be a string") }
        id = fields.id
        info = fields.info
        var seen: Set<String> = []
        watchlist = fields.watchlist.filter { seen.insert($0).inserted }
    }
}

/// The members that presence data and user data share.
private struct IdentityFields {
    var id = ""
    var isStringID = false
    var info: [UInt8]?
    var watchlist: [String] = []

    init(_ text: String, idName: StaticString, name: StaticString) throws(PusherError) {
        var text = text
        do {
            try text.withUTF8 { try read(UnsafeRawBufferPointer($0), idName: idName) }
        } catch {
            throw PusherError("Invalid \(name): \(error)")
        }
        guard !id.isEmpty else { throw PusherError("Invalid \(name): \(idName) is missing or empty") }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, idName: StaticString) throws {
        var scanner = JSONScanner(bytes)
        try scanner.beginObject()
        while let member = try scanner.nextMember() {
            if member.key.equals(idName, in: bytes) {
                try readID(&scanner, kind: member.kind, bytes: bytes)
            } else if member.key.equals("user_info", in: bytes) {
                info = Array(bytes[try scanner.skipValue()])
            } else if member.key.equals("watchlist", in: bytes), member.kind == .array {
                try readWatchlist(&scanner, bytes: bytes)
            } else {
                _ = try scanner.skipValue()
            }
        }
        try scanner.finish()
    }

    private mutating func readID(
        _ scanner: inout JSONScanner,
        kind: JSONKind,
        bytes: UnsafeRawBufferPointer
    ) throws(JSONError) {
        isStringID = kind == .string
        switch kind {
        case .string: id = try scanner.readString().decodedString(in: bytes)
        case .number: id = String(decoding: bytes[try scanner.skipValue()], as: UTF8.self)
        default:
            _ = try scanner.skipValue()
            id = ""
        }
    }

    private mutating func readWatchlist(
        _ scanner: inout JSONScanner,
        bytes: UnsafeRawBufferPointer
    ) throws(JSONError) {
        try scanner.beginArray()
        while let kind = try scanner.nextElement() {
            if kind == .string {
                watchlist.append(try scanner.readString().decodedString(in: bytes))
            } else {
                _ = try scanner.skipValue()
            }
        }
    }
}
