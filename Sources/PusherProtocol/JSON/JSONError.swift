/// Says where a text stops being the JSON that was asked for, and why.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// The byte at which the scanner stopped.
    package var offset: Int
    package var reason: Reason

    /// Makes an error.
    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String {
        "\(reason.rawValue) at byte \(offset)"
    }

    /// The ways in which a text fails; the raw value reads well in an error message.
    package enum Reason: String, Sendable {
        case unexpectedEnd = "unexpected end"
        case unexpectedCharacter = "unexpected character"
        case expectedObject = "expected an object"
        case expectedArray = "expected an array"
        case expectedString = "expected a string"
        case expectedNumber = "expected a number"
        case expectedBool = "expected true or false"
        case expectedNull = "expected null"
        case invalidNumber = "invalid number"
        case invalidLiteral = "invalid literal"
        case invalidEscape = "invalid escape"
        case invalidUTF8 = "invalid UTF-8"
        case controlCharacter = "unescaped control character"
        case tooDeep = "nested too deeply"
        case trailingBytes = "bytes after the value"
    }
}
