import Server

/// What a WebSocket may send and how much may wait for it, with Sockudo's names; `websocket.direct_send` is Martlet's.
enum WebSocketKeys {
    static let all: [SettingKey] = [
        .size(
            "websocket_max_payload_kb",
            "WEBSOCKET_MAX_PAYLOAD_KB",
            in: .kibibytes,
            at: \.server.webSocket.maxPayloadBytes,
            "Size of a message from a client"
        ),
        .limit(
            "websocket.max_messages",
            "WEBSOCKET_MAX_MESSAGES",
            at: \.server.webSocket.maxPendingMessages,
            "Messages that may wait for one connection"
        ),
        .limit(
            "websocket.max_bytes",
            "WEBSOCKET_MAX_BYTES",
            at: \.server.webSocket.maxPendingBytes,
            "Bytes that may wait for one connection"
        ),
        .flag(
            "websocket.disconnect_on_buffer_full",
            "WEBSOCKET_DISCONNECT_ON_BUFFER_FULL",
            at: \.server.webSocket.disconnectsSlowConsumers,
            "Close a slow consumer (4100) instead of dropping its messages"
        ),
        .size(
            "websocket.max_message_size",
            "WEBSOCKET_MAX_MESSAGE_SIZE",
            in: .bytes,
            at: \.server.webSocket.maxMessageBytes,
            "Second bound on a message from a client"
        ),
        .size(
            "websocket.max_frame_size",
            "WEBSOCKET_MAX_FRAME_SIZE",
            in: .bytes,
            at: \.server.webSocket.maxFrameBytes,
            "Bound on one frame from a client"
        ),
        .flag(
            "websocket.direct_send",
            "MARTLET_WEBSOCKET_DIRECT_SEND",
            at: \.server.webSocket.sendsDirectly,
            "Write fan-out frames straight to the descriptor"
        ),
    ]
}
