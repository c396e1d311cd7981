package import Logging

/// The keys of log metadata; there are no others.
package enum LogKey: String, CaseIterable, Sendable {
    case appID = "app.id"
    case attempt = "attempt"
    case backendRole = "backend.role"
    case backendSystem = "backend.system"
    case channelName = "channel.name"
    case configKey = "config.key"
    case count = "count"
    case durationMilliseconds = "duration.ms"
    case errorCode = "error.code"
    case errorMessage = "error.message"
    case eventName = "event.name"
    case frameBytes = "frame.bytes"
    case httpMethod = "http.method"
    case httpPath = "http.path"
    case httpStatus = "http.status"
    case listenAddress = "listen.address"
    case nodeID = "node.id"
    case peerAddress = "peer.address"
    case queueJob = "queue.job"
    case reason = "reason"
    case requestID = "request.id"
    case signal = "signal"
    case socketID = "socket.id"
    case userID = "user.id"
    case version = "version"
    case webhookURL = "webhook.url"
}

extension Logger.Metadata {
    /// Makes metadata from log keys.
    package init(_ pairs: KeyValuePairs<LogKey, Logger.MetadataValue>) {
        self.init(minimumCapacity: pairs.count)
        for (key, value) in pairs {
            self[key.rawValue] = value
        }
    }
}

extension Logger {
    /// Reads or sets one metadata value of this logger.
    package subscript(key: LogKey) -> Logger.MetadataValue? {
        get { self[metadataKey: key.rawValue] }
        set { self[metadataKey: key.rawValue] = newValue }
    }
}
