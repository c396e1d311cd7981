/// The data of `pusher:subscribe`; null and empty strings count as absent.
package struct SubscribeRequest: Sendable, Equatable {
    package var channel: String
    package var auth: String?
    /// The exact text that was signed.
    package var channelData: String?

    init(_ bytes: UnsafeRawBufferPointer) throws(PusherError) {
        let fields = try StringFields(bytes, names: ["channel", "auth", "channel_data"])
        guard let channel = fields[0] else { throw PusherError("Invalid subscription: channel is missing") }
        self.channel = channel
        auth = fields[1]
        channelData = fields[2]
    }
}

/// The data of `pusher:unsubscribe`.
struct UnsubscribeRequest {
    var channel: String

    init(_ bytes: UnsafeRawBufferPointer) throws(PusherError) {
        let fields = try StringFields(bytes, names: ["channel"])
        guard let channel = fields[0] else { throw PusherError("Invalid unsubscription: channel is missing") }
        self.channel = channel
    }
}

/// The data of `pusher:signin`.
package struct SigninRequest: Sendable, Equatable {
    package var auth: String
    /// The exact text that was signed.
    package var userData: String

    init(_ bytes: UnsafeRawBufferPointer) throws(PusherError) {
        let fields = try StringFields(bytes, names: ["auth", "user_data"])
        guard let auth = fields[0], let userData = fields[1] else {
            throw PusherError("Invalid sign-in: auth and user_data are required")
        }
        self.auth = auth
        self.userData = userData
    }
}

/// Some string members of an object; null and empty strings count as absent, other kinds are errors.
private struct StringFields {
    private var values: [String?]

    init(_ bytes: UnsafeRawBufferPointer, names: [StaticString]) throws(PusherError) {
        values = Array(repeating: nil, count: names.count)
        do {
            try read(bytes, names: names)
        } catch let error as PusherError {
            throw error
        } catch {
            throw PusherError("Invalid message format: \(error)")
        }
    }

    subscript(index: Int) -> String? { values[index] }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, names: [StaticString]) throws {
        var scanner = JSONScanner(bytes)
        guard try scanner.peekKind() == .object else {
            throw PusherError("Invalid message format: data must be an object")
        }
        try scanner.beginObject()
        while let member = try scanner.nextMember() {
            guard let index = names.firstIndex(where: { member.key.equals($0, in: bytes) }) else {
                _ = try scanner.skipValue()
                continue
            }
            switch member.kind {
            case .string:
                let text = try scanner.readString().decodedString(in: bytes)
                values[index] = text.isEmpty ? nil : text
            case .null: _ = try scanner.skipValue()
            default: throw PusherError("Invalid message format: \(names[index]) must be a string")
            }
        }
        try scanner.finish()
    }
}
