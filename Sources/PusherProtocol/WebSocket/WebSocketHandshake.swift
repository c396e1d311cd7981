import Digest

/// The server's half of the opening handshake (RFC 6455 §4.2.2).
package enum WebSocketHandshake {
    /// The one version of the protocol.
    package static let version = "13"

    /// The value of `Sec-WebSocket-Accept` for a client's key.
    package static func accept(forKey key: some StringProtocol) -> String {
        base64(SHA1.hash(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)).bytes)
    }

    /// Says whether a key is 16 bytes in base64, as RFC 6455 §4.1 demands.
    package static func isValidKey(_ key: some StringProtocol) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes.suffix(2) == [UInt8(ascii: "="), UInt8(ascii: "=")] else { return false }
        return bytes.dropLast(2).allSatisfy { alphabet.contains($0) }
    }

    /// The one offered subprotocol that the server takes (`pusher-channels-protocol-4` to `-7`), if there is one.
    package static func subprotocol(among offered: some Sequence<String>) -> String? {
        offered.lazy
            .flatMap { $0.split(separator: ",") }
            .map(trimmed)
            .first { name in ProtocolVersion.supported.contains { name == "pusher-channels-protocol-\($0)" } }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= UInt32(8 * (3 - group.count))
            for position in 0..<4 {
                let isPadding = position > group.count
                let digit = alphabet[Int(bits >> UInt32(18 - 6 * position)) & 0x3f]
                text.append(isPadding ? UInt8(ascii: "=") : digit)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
