import ChannelHub
import Logging
import PusherProtocol
import ServerCore

extension RealtimeConnection {
    /// Writes a line at debug level; the metadata are made only if somebody reads them.
    func debug(_ message: Logger.Message, channel: String? = nil, reason: String? = nil) {
        guard services.logger.logLevel <= .debug else { return }
        var metadata = metadata
        metadata[LogKey.channelName.rawValue] = channel.map { "\($0)" }
        metadata[LogKey.reason.rawValue] = reason.map { "\($0)" }
        services.logger.debug(message, metadata: metadata)
    }

    /// Writes a line about a received message at trace level: what it is and how long, never what it says.
    func trace(_ message: ClientMessage, bytes: Int) {
        guard services.logger.logLevel <= .trace else { return }
        var metadata = metadata
        metadata[LogKey.eventName.rawValue] = "\(message.eventName)"
        metadata[LogKey.channelName.rawValue] = message.channel.map { "\($0)" }
        metadata[LogKey.frameBytes.rawValue] = "\(bytes)"
        services.logger.trace("message received", metadata: metadata)
    }

    private var metadata: Logger.Metadata {
        var metadata = Logger.Metadata([.peerAddress: "\(clientAddress)"])
        if let subscriber {
            metadata[LogKey.appID.rawValue] = "\(subscriber.app.id)"
            metadata[LogKey.socketID.rawValue] = "\(subscriber.socketID)"
        }
        return metadata
    }
}
