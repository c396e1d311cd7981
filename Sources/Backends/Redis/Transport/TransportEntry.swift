import NIOCore
import ServerCore

/// A message on its way to the server.
struct TransportEntry {
    /// The topic, as its tag.
    let tag: String
    /// The name of the topic at the server.
    let name: ByteBuffer
    var message: ByteBuffer
    var retention: ClusterPublication.Retention?
    /// When it is dropped if it has not gone out.
    let deadline: NIODeadline
    /// What it counts against the bound of bytes.
    let cost: Int
    var form = Form.byDigest

    /// How a retained message is sent.
    enum Form: Equatable {
        case byDigest
        /// With the script's text, which the server does not know.
        case byText
        /// To a server that takes its slot over; the message is then published by itself where the subscribers are.
        case asking(RedisAddress)
    }

    /// Appends the command.
    func write(to bytes: inout ByteBuffer, prefix: String, isSharded: Bool) {
        guard let retention else {
            bytes.writeCommand(isSharded ? "SPUBLISH" : "PUBLISH", [name, message])
            return
        }
        var isAsking = false
        if case .asking = form { isAsking = true }
        if isAsking { bytes.writeCommandStart("ASKING", arguments: 0) }
        bytes.writeCommandStart(form == .byDigest ? "EVALSHA" : "EVAL", arguments: isAsking ? 7 : 9)
        bytes.writeArgument(form == .byDigest ? RetainScript.digest : RetainScript.source)
        bytes.writeArgument("2")
        bytes.writeArgument("\(prefix)k:{\(tag)}")
        bytes.writeArgument("\(prefix)s:{\(tag)}")
        bytes.writeArgument(retention.value)
        bytes.writeArgument("\(max(1, retention.ttl.wholeMilliseconds))")
        bytes.writeArgument(message)
        if !isAsking {
            bytes.writeArgument(isSharded ? "SPUBLISH" : "PUBLISH")
            bytes.writeArgument(name)
        }
    }

    /// The same message without anything that is kept of it.
    var plain: TransportEntry {
        var entry = self
        entry.retention = nil
        entry.form = .byDigest
        return entry
    }

    /// The same message with the versions that a script made, to be published by itself.
    func published(_ versions: RESPValue) -> TransportEntry? {
        guard let parts = versions.elements, parts.count == 2, let new = parts[0].text, let old = parts[1].text else {
            return nil
        }
        var entry = plain
        var text = ByteBuffer(string: "V\(new) \(old) ")
        text.writeImmutableBuffer(message)
        entry.message = text
        return entry
    }
}
