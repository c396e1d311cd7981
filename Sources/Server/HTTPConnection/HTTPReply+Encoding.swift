import NIOCore
import NIOHTTP1

extension HTTPReply {
    /// Writes the response as it goes over the wire (RFC 9112).
    func encode(isKeptAlive: Bool, omitsBody: Bool, date: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256 + body.readableBytes)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(date)
        if let contentType {
            buffer.writeStaticString("\r\nContent-Type: ")
            buffer.writeString(contentType)
        }
        for (name, value) in headers {
            buffer.writeStaticString("\r\n")
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
        }
        // RFC 9110 §8.6: no length where there can be no body.
        if status != .noContent {
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(body.readableBytes))
        }
        buffer.writeStaticString(isKeptAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
        if !omitsBody {
            buffer.writeImmutableBuffer(body)
        }
        return buffer
    }
}
