/// Tells the protocol's own messages from events by their first bytes.
enum ControlText {
    /// The text is one of `pusher:…` or `pusher_internal:…`.
    @inline(__always)
    static func isControl(_ text: UnsafeRawBufferPointer) -> Bool {
        // {"event":"pusher
        guard text.count >= 16 else { return false }
        return text.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == word
    }

    private static let word = Array(#":"pusher"#.utf8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }

    /// The socket id in `pusher:connection_established`.
    static func socketID(in text: UnsafeRawBufferPointer) -> String? {
        let text = String(decoding: text, as: UTF8.self)
        let marker = #"socket_id\":\""#
        guard let start = text.firstRange(of: marker)?.upperBound else { return nil }
        return String(text[start...].prefix { $0 != "\\" })
    }

    /// The text is an event of this name, up to its first bytes.
    static func isEvent(_ name: StaticString, _ text: UnsafeRawBufferPointer) -> Bool {
        let start = 10
        let count = name.utf8CodeUnitCount
        guard text.count >= start + count else { return false }
        for index in 0..<count where text[start + index] != name.utf8Start[index] {
            return false
        }
        return true
    }
}
