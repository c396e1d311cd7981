/// The versions of the Pusher Channels protocol (Pusher protocol docs, "Connection").
package enum ProtocolVersion {
    /// The versions in use: Java and .NET clients speak 5, Pysher 6, all others 7.
    package static let supported = 4...7

    /// Checks what a client says of itself in the connection URL; returns why it is refused.
    package static func refusal(protocolVersion: String?, libraryVersion: String?) -> CloseCode? {
        if let libraryVersion, !isWellFormed(libraryVersion) { return .invalidVersion }
        guard let protocolVersion, !protocolVersion.isEmpty else { return .noProtocolVersion }
        guard let number = Int(protocolVersion), supported.contains(number) else { return .unsupportedProtocolVersion }
        return nil
    }

    /// A version starts with a digit and goes on with what version strings are made of, such as `8.4.0-rc2`.
    private static func isWellFormed(_ version: String) -> Bool {
        guard let first = version.utf8.first, isDigit(first), version.utf8.count <= 64 else { return version.isEmpty }
        return version.utf8.allSatisfy { byte in
            isDigit(byte) || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: "_")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
