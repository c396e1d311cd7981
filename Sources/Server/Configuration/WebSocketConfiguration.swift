package import ServerCore

/// What one WebSocket may send and how much may wait to be sent to it.
///
/// The two directions are independent: raising what may wait never raises what a client may send.
package struct WebSocketConfiguration: Sendable, Equatable {
    /// Messages that may wait for one connection; `nil` is no such bound.
    package var maxPendingMessages: Int? = 1000
    /// Bytes that may wait for one connection; `nil` is no such bound.
    package var maxPendingBytes: Int?
    /// Closes a slow consumer with 4100; otherwise drops what does not fit, and counts it.
    package var disconnectsSlowConsumers = true
    /// The bytes of a message from a client, in whole kibibytes in the configuration.
    package var maxPayloadBytes = 64 * 1024
    /// A second bound on a message from a client; the smaller one holds.
    package var maxMessageBytes = 64 * 1024 * 1024
    /// A bound on one frame of a message from a client; the smallest of the three holds.
    package var maxFrameBytes = 16 * 1024 * 1024
    /// Writes fan-out frames to the socket's descriptor directly instead of through the channel.
    package var sendsDirectly = true

    /// Makes the default configuration.
    package init() {}

    /// The bytes at which a message from a client is too large.
    package var inboundMessageLimit: Int {
        min(maxPayloadBytes, maxMessageBytes)
    }

    /// The bytes at which a frame from a client is too large.
    package var inboundFrameLimit: Int {
        min(inboundMessageLimit, maxFrameBytes)
    }

    /// Lists what cannot work.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            maxPendingMessages != nil || maxPendingBytes != nil,
            "websocket.max_messages",
            "cannot be off while websocket.max_bytes is off: what waits for a connection must be bounded"
        )
        problems.require(maxPendingMessages ?? 1 >= 1, "websocket.max_messages", "must be at least 1, or 0 for off")
        problems.require(
            maxPendingBytes ?? Self.leastPendingBytes >= Self.leastPendingBytes,
            "websocket.max_bytes",
            "must be at least \(Self.leastPendingBytes), or 0 for off"
        )
        problems.require(
            (1024...67_108_864).contains(maxPayloadBytes),
            "websocket_max_payload_kb",
            "must be 1 to 65536"
        )
        problems.require(maxMessageBytes >= 1024, "websocket.max_message_size", "must be at least 1024")
        problems.require(maxFrameBytes >= 1024, "websocket.max_frame_size", "must be at least 1024")
        return problems
    }

    /// Below this an ordinary event could not wait at all.
    private static let leastPendingBytes = 16 * 1024
}
