import Synchronization

/// Hears what is published on one topic of a server, by a connection of its own.
package final class RedisSubscription: Sendable {
    private let server: RedisServer
    private let topic: String
    private let publish: String
    private let connection: Mutex<RedisControl>
    private let markers = Mutex(0)

    /// Subscribes, by `SSUBSCRIBE` if the topic is sharded; the server must then serve the topic's slot.
    package init(to topic: String, isSharded: Bool, at server: RedisServer) throws {
        self.server = server
        self.topic = topic
        publish = isSharded ? "SPUBLISH" : "PUBLISH"
        var connection = try RedisControl(port: server.port)
        _ = try connection.run([isSharded ? "SSUBSCRIBE" : "SUBSCRIBE", topic])
        self.connection = Mutex(connection)
    }

    /// The messages, as text, that were published since the last call.
    package func take() throws -> [String] {
        let marker = markers.withLock { number in
            number += 1
            return "marker \(number)"
        }
        // Messages of one topic come in order, so that all others are here when this one is.
        try server.control(publish, topic, marker)
        return try connection.withLock { connection in
            var messages: [String] = []
            while true {
                let parts = try connection.next().split(
                    separator: "\n",
                    maxSplits: 2,
                    omittingEmptySubsequences: false
                )
                guard parts.count == 3 else { throw ServiceFailure(description: "\(parts) is no message") }
                if parts[2] == marker { return messages }
                messages.append(String(parts[2]))
            }
        }
    }
}
