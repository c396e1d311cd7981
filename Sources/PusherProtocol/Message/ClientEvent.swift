/// An event from a client to the other subscribers of a channel (Pusher protocol 7, "Client events").
package struct ClientEvent: Sendable, Equatable {
    package var name: String
    package var channel: String
    /// The data string in its JSON escapes, without the quotes: a string as it was sent, anything else as its JSON
    /// text, so that typed clients always receive a string.
    package var escapedData: [UInt8]
    /// The bytes of the data string without escapes.
    package var dataBytes: Int

    init(name: String, envelope: Envelope, bytes: UnsafeRawBufferPointer) throws(PusherError) {
        guard let channel = envelope.channel?.decodedString(in: bytes), !channel.isEmpty, let data = envelope.data
        else {
            throw PusherError("Invalid client event (must contain channel and data)")
        }
        self.name = name
        self.channel = channel
        switch data {
        case .string(let text):
            escapedData = Array(text.rawBytes(in: bytes))
            dataBytes = text.decodedByteCount
        case .raw(let range):
            escapedData = []
            escapedData.appendJSONStringContent(utf8: UnsafeRawBufferPointer(rebasing: bytes[range]))
            dataBytes = range.count
        }
    }

    /// The data string.
    package var data: String {
        var json: [UInt8] = [UInt8(ascii: "\"")]
        json.append(contentsOf: escapedData)
        json.append(UInt8(ascii: "\""))
        return json.withUnsafeBytes { bytes in
            let text = JSONText(range: 1..<bytes.count - 1, decodedByteCount: dataBytes)
            return text.decodedString(in: bytes)
        }
    }
}
