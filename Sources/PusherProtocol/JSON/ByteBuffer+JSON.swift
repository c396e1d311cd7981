package import NIOCore

extension ByteBuffer {
    /// Writes text as a JSON string, quotes included.
    package mutating func writeJSONString(_ text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { writeJSONString(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes valid UTF-8 as a JSON string, quotes included.
    ///
    /// Of a JSON text this makes the string that contains it: `{"a":1}` becomes `"{\"a\":1}"`.
    package mutating func writeJSONString(utf8: UnsafeRawBufferPointer) {
        writeInteger(ASCII.quote)
        writeJSONStringContent(utf8: utf8)
        writeInteger(ASCII.quote)
    }

    /// Writes text as the content of a JSON string, without quotes.
    package mutating func writeJSONStringContent(_ text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { writeJSONStringContent(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Writes valid UTF-8 as the content of a JSON string, without quotes.
    ///
    /// Bytes that are the content of a JSON string already are nested once more.
    package mutating func writeJSONStringContent(utf8: UnsafeRawBufferPointer) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: JSONEscaping.escapedByteCount(of: utf8)) { target in
            JSONEscaping.escape(utf8, into: target)
        }
    }

    /// Copies a scanned string, which is escaped already, quotes included.
    package mutating func writeJSONString(_ text: JSONText, from bytes: UnsafeRawBufferPointer) {
        writeInteger(ASCII.quote)
        writeBytes(text.rawBytes(in: bytes))
        writeInteger(ASCII.quote)
    }
}
