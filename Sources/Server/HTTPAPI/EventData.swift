import NIOCore
import PusherProtocol

/// The data of a published event as it goes into messages.
package struct EventData: Sendable, Equatable {
    private var content: ByteBuffer
    private var isEscaped: Bool
    /// The bytes of the data string, which the payload limit counts.
    package var byteCount: Int

    /// A JSON string of a request body, relayed byte for byte.
    init(string text: JSONText, in body: ByteBuffer) {
        content = body.slice(text.range)
        isEscaped = true
        byteCount = text.decodedByteCount
    }

    /// Another JSON value of a request body, relayed as the string of its text.
    init(value range: Range<Int>, in body: ByteBuffer) {
        self.init(text: body.slice(range))
    }

    /// A text in valid UTF-8 that is relayed as it is.
    init(text: ByteBuffer) {
        content = text
        isEscaped = false
        byteCount = text.readableBytes
    }

    /// The data string in its JSON escapes, without the quotes.
    package var escaped: [UInt8] {
        guard !isEscaped else { return Array(content.readableBytesView) }
        return content.withUnsafeReadableBytes { bytes in
            var escaped: [UInt8] = []
            escaped.appendJSONStringContent(utf8: bytes)
            return escaped
        }
    }
}

extension ByteBuffer {
    /// The bytes of a range that counts from the reader index.
    fileprivate func slice(_ range: Range<Int>) -> ByteBuffer {
        getSlice(at: readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
