extension [UInt8] {
    /// Appends text as a JSON string, quotes included.
    package mutating func appendJSONString(_ text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { appendJSONString(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Appends valid UTF-8 as a JSON string, quotes included.
    ///
    /// Of a JSON text this makes the string that contains it: `{"a":1}` becomes `"{\"a\":1}"`.
    package mutating func appendJSONString(utf8: UnsafeRawBufferPointer) {
        append(ASCII.quote)
        appendJSONStringContent(utf8: utf8)
        append(ASCII.quote)
    }

    /// Appends text as the content of a JSON string, without quotes.
    package mutating func appendJSONStringContent(_ text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { appendJSONStringContent(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Appends valid UTF-8 as the content of a JSON string, without quotes.
    ///
    /// Bytes that are the content of a JSON string already are nested once more.
    package mutating func appendJSONStringContent(utf8: UnsafeRawBufferPointer) {
        let start = count
        append(contentsOf: repeatElement(0, count: JSONEscaping.escapedByteCount(of: utf8)))
        withUnsafeMutableBytes { target in
            _ = JSONEscaping.escape(utf8, into: UnsafeMutableRawBufferPointer(rebasing: target[start...]))
        }
    }

    /// Copies a scanned string, which is escaped already, quotes included.
    package mutating func appendJSONString(_ text: JSONText, from bytes: UnsafeRawBufferPointer) {
        append(ASCII.quote)
        append(contentsOf: text.rawBytes(in: bytes))
        append(ASCII.quote)
    }
}
