package import NIOCore

/// The event that a cache channel keeps in the cluster: its data as they were published, and its frame.
///
/// Four bytes with the length of the data, the data, the frame.
package struct RetainedEvent: Sendable, Equatable {
    /// The data string in its JSON escapes, without the quotes.
    package var escapedData: [UInt8]
    package var frame: ByteBuffer

    /// Makes an event.
    package init(escapedData: [UInt8], frame: ByteBuffer) {
        self.escapedData = escapedData
        self.frame = frame
    }

    package var encoded: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(4 + escapedData.count + frame.readableBytes)
        bytes.writeInteger(UInt32(escapedData.count))
        bytes.writeBytes(escapedData)
        bytes.writeImmutableBuffer(frame)
        return bytes
    }

    /// Reads what another node wrote; `nil` for other bytes.
    package init?(_ bytes: ByteBuffer) {
        var rest = bytes
        guard let length = rest.readInteger(as: UInt32.self), let data = rest.readBytes(length: Int(length)) else {
            return nil
        }
        self.init(escapedData: data, frame: rest.slice())
    }
}
