/// The syntax of HTTP header fields (RFC 9110 §5).
package enum HeaderSyntax {
    /// Says whether a text is a field name or a method (RFC 9110 §5.6.2, token).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: tokenSymbols.contains(byte)
                }
            }
    }

    /// Says whether a text can be a field value: no control characters but tabs, so no line can be added.
    package static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
    }

    private static let tokenSymbols = Array("!#$%&'*+-.^_`|~".utf8)
}
