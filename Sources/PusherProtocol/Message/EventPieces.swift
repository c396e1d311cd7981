import NIOCore

/// The parts of an application's event, where they lie; put together they are a frame.
///
/// The size is computed first and each part copied once, because every publish makes one.
struct EventPieces {
    /// In JSON escapes, without quotes.
    var name: UnsafeRawBufferPointer
    var channel: UnsafeRawBufferPointer
    /// In JSON escapes, without quotes.
    var data: UnsafeRawBufferPointer
    var user: UnsafeRawBufferPointer?

    private static let beforeName: StaticString = #"{"event":""#
    private static let beforeChannel: StaticString = #"","channel":""#
    private static let beforeData: StaticString = #"","data":""#
    private static let beforeUser: StaticString = #"","user_id":""#
    private static let end: StaticString = "\"}"

    /// The whole frame.
    func frame() -> ByteBuffer {
        let payloadBytes = payloadBytes
        var buffer = ByteBuffer()
        buffer.reserveCapacity(WebSocketFrame.headerBytes(forPayload: payloadBytes) + payloadBytes)
        WebSocketFrame.writeHeader(.text, payloadBytes: payloadBytes, to: &buffer)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payloadBytes) { target in
            var writer = RawWriter(target)
            writer.write(Self.beforeName)
            writer.write(name)
            writer.write(Self.beforeChannel)
            writer.writeEscaped(channel)
            writer.write(Self.beforeData)
            writer.write(data)
            if let user {
                writer.write(Self.beforeUser)
                writer.writeEscaped(user)
            }
            writer.write(Self.end)
            return writer.count
        }
        return buffer
    }

    private var payloadBytes: Int {
        var count = Self.beforeName.utf8CodeUnitCount + Self.beforeChannel.utf8CodeUnitCount
        count += Self.beforeData.utf8CodeUnitCount + Self.end.utf8CodeUnitCount
        count += name.count + JSONEscaping.escapedByteCount(of: channel) + data.count
        if let user {
            count += Self.beforeUser.utf8CodeUnitCount + JSONEscaping.escapedByteCount(of: user)
        }
        return count
    }
}
