package import Digest

/// The `key:signature` text with which a client proves that its backend agrees (Pusher protocol 7, "Auth").
package struct AuthString: Sendable, Equatable {
    package var key: Substring
    /// Hexadecimal digits of HMAC-SHA256.
    package var signature: Substring

    /// Splits at the first colon; `nil` without one.
    package init?(_ text: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        key = text[..<colon]
        signature = text[text.utf8.index(after: colon)...]
    }

    /// Compares the signature with what one of the secrets gives for the text, in constant time per secret.
    package func isSigned(over text: String, with secrets: some Sequence<HMACKey>) -> Bool {
        secrets.contains { $0.sign(text).matches(hex: String(signature)) }
    }

    /// What is signed to subscribe: the channel data take part exactly as received, on any kind of channel.
    package static func subscriptionText(socketID: String, channel: String, channelData: String?) -> String {
        if let channelData {
            "\(socketID):\(channel):\(channelData)"
        } else {
            "\(socketID):\(channel)"
        }
    }

    /// What is signed to sign in.
    package static func signinText(socketID: String, userData: String) -> String {
        "\(socketID)::user::\(userData)"
    }
}
