import FoundationEssentials

/// Turns a job's bytes into the text that a message may hold, and back.
///
/// Text that SQS takes as it is goes as it is; anything else goes in Base64, with a message attribute that says so.
package enum SQSPayload {
    private static let attribute = "martlet.encoding"
    private static let base64 = "base64"
    /// A message body must not be empty.
    private static let empty = "="

    /// Makes a message of a job.
    package static func entry(_ payload: [UInt8]) -> SQSEntry {
        if let text = String(validating: payload, as: UTF8.self), !text.isEmpty,
            text.unicodeScalars.allSatisfy(isAllowed)
        {
            return SQSEntry(body: text)
        }
        var entry = SQSEntry(body: payload.isEmpty ? empty : Data(payload).base64EncodedString())
        entry.attributes = [SQSAttribute(attribute, base64)]
        return entry
    }

    /// Reads the job in a message; `nil` if it is not what it says.
    package static func payload(_ message: SQSMessage) -> [UInt8]? {
        guard let encoding = message.attributes[attribute] else { return Array(message.body.utf8) }
        guard encoding == base64 else { return nil }
        guard message.body != empty else { return [] }
        return Data(base64Encoded: message.body).map { Array($0) }
    }

    /// Amazon SQS API, `SendMessage`, without the carriage return, which XML would change.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0x20...0x7E, 0x80...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
