import NIOCore
import PusherProtocol

/// Work for the shard of one event loop.
enum LoopCommand: Sendable {
    /// Sends a frame to the subscribers of a channel.
    case deliver(Delivery)
    /// Sends a frame to some of the loop's sockets.
    case send(ByteBuffer, to: [SocketID])
    /// Closes some of the loop's sockets.
    case close([SocketID], code: UInt16, reason: String)
    /// Tells a connection that waited that it is subscribed.
    case greet(SocketID, channel: ChannelKey, ticket: UInt64, JoinOutcome)
    /// Tells a connection that waited that it cannot be subscribed.
    case refuse(SocketID, channel: ChannelKey, ticket: UInt64, PusherError)
    /// Closes all of the loop's sockets of an app.
    case closeApp(UInt32, code: UInt16, reason: String)

    /// The bytes that the command holds.
    var frameBytes: Int {
        switch self {
        case .deliver(let delivery): delivery.frame.readableBytes
        case .send(let frame, _): frame.readableBytes
        case .close, .closeApp, .refuse, .greet: 0
        }
    }
}

/// A frame on its way to the subscribers of a channel on one loop.
struct Delivery: Sendable {
    var channel: ChannelKey
    var frame: ByteBuffer
    /// The connection that does not get the frame.
    var except: SocketID?
    /// The channel's version that the frame belongs to: subscribers who joined at it or later have seen its effect in
    /// what they got when they joined.
    ///
    /// 0 is for frames that every subscriber gets.
    var version: UInt64 = 0
}
