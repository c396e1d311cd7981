/// Reads a JSON text (RFC 8259) from its bytes, validating as it goes, without a tree and without an allocation.
///
/// The caller pulls: `beginObject`, then `nextMember` until it is `nil`, reading or skipping each value, then `finish`.
/// Whatever is read or skipped has been checked completely: syntax, escapes, UTF-8. Stricter than the grammar in one
/// point: an escaped surrogate without its partner is refused, because it has no UTF-8 form and strict receivers would
/// reject a message that carries it. Of duplicate keys all are reported; which one counts is the caller's decision.
///
/// The bytes must stay where they are while the scanner is in use.
package struct JSONScanner {
    let bytes: UnsafeRawBufferPointer
    /// The offset of the next byte to read.
    package internal(set) var offset = 0
    var depth = 0
    private let maximumDepth: Int
    private var isAtStartOfContainer = false

    /// The depth of nesting that is accepted unless the caller says otherwise.
    package static let defaultMaximumDepth = 64

    /// Makes a scanner at the first byte.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - maximumDepth: the objects and arrays that may be open at a time, 1 to 64.
    package init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int = Self.defaultMaximumDepth) {
        // The skipper keeps the kinds of open containers in the bits of one word.
        precondition((1...64).contains(maximumDepth), "a JSON nesting limit is 1 to 64")
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Checks that a text is one complete JSON value.
    package static func validate(
        _ bytes: UnsafeRawBufferPointer,
        maximumDepth: Int = Self.defaultMaximumDepth
    ) throws(JSONError) {
        var scanner = JSONScanner(bytes, maximumDepth: maximumDepth)
        try scanner.skipValue()
        try scanner.finish()
    }

    /// Says what the next value is, without reading it.
    package mutating func peekKind() throws(JSONError) -> JSONKind {
        skipWhitespace()
        guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
        switch bytes[offset] {
        case ASCII.quote: return .string
        case ASCII.openBrace: return .object
        case ASCII.openBracket: return .array
        case ASCII.minus, ASCII.zero...ASCII.nine: return .number
        case ASCII.t, ASCII.f: return .bool
        case ASCII.n: return .null
        default: throw JSONError(.unexpectedCharacter, at: offset)
        }
    }

    /// Enters an object.
    package mutating func beginObject() throws(JSONError) {
        try open(ASCII.openBrace, or: .expectedObject)
    }

    /// Enters an array.
    package mutating func beginArray() throws(JSONError) {
        try open(ASCII.openBracket, or: .expectedArray)
    }

    /// Reads the next key of the object entered last and stops before its value, or leaves the object with `nil`.
    package mutating func nextMember() throws(JSONError) -> JSONMember? {
        guard try advance(closing: ASCII.closeBrace) else { return nil }
        let key = try scanKey()
        return JSONMember(key: key, kind: try peekKind())
    }

    /// Stops before the next element of the array entered last, or leaves the array with `nil`.
    package mutating func nextElement() throws(JSONError) -> JSONKind? {
        guard try advance(closing: ASCII.closeBracket) else { return nil }
        return try peekKind()
    }

    /// Checks that only whitespace is left.
    package mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard offset == bytes.count else { throw JSONError(.trailingBytes, at: offset) }
    }

    // Moves to the next member or element. A comma must be followed by one: `{"a":1,}` fails where it is read.
    private mutating func advance(closing: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
        let byte = bytes[offset]
        if byte == closing {
            offset &+= 1
            depth &-= 1
            isAtStartOfContainer = false
            return false
        }
        if isAtStartOfContainer {
            isAtStartOfContainer = false
            return true
        }
        guard byte == ASCII.comma else { throw JSONError(.unexpectedCharacter, at: offset) }
        offset &+= 1
        return true
    }

    private mutating func open(_ byte: UInt8, or reason: JSONError.Reason) throws(JSONError) {
        try expect(byte, or: reason)
        try enter(atDepth: depth)
        depth &+= 1
        isAtStartOfContainer = true
    }

    /// Checks that one more container may be opened.
    @inline(__always)
    func enter(atDepth depth: Int) throws(JSONError) {
        guard depth < maximumDepth else { throw JSONError(.tooDeep, at: offset &- 1) }
    }

    /// Reads a key and its colon.
    mutating func scanKey() throws(JSONError) -> JSONText {
        let key = try readString()
        try expect(ASCII.colon, or: .unexpectedCharacter)
        return key
    }

    /// Skips whitespace and one given byte.
    @inline(__always)
    mutating func expect(_ byte: UInt8, or reason: JSONError.Reason) throws(JSONError) {
        skipWhitespace()
        guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
        guard bytes[offset] == byte else { throw JSONError(reason, at: offset) }
        offset &+= 1
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case ASCII.space, ASCII.newline, ASCII.carriageReturn, ASCII.tab: offset &+= 1
            default: return
            }
        }
    }
}
