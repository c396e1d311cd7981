import ServerCore
import TestSupport
import Testing

@testable import Server

/// Checks what webhooks are told when the server goes.
@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    @Test("channels of connections that outlast the grace period are told to be vacated")
    func vacates() async throws {
        var options = LiveServer.Options()
        options.app.webhooks = [Webhook(url: "http://127.0.0.1/", eventTypes: [.channelOccupied, .channelVacated])]
        options.server.shutdown.gracePeriod = .zero
        let sink = try await LiveServer.run(options) { server in
            let client = try await LiveClient.connect(port: server.port)
            let key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            try await client.send(
                "GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + key
            )
            _ = await client.text(until: "connection_established")
            try await client.send(MaskedFrame.text(#"{"event":"pusher:subscribe","data":{"channel":"news"}}"#))
            _ = await client.text(until: "subscription_succeeded")
            return server.sink
        }
        #expect(sink.events.map(\.content) == [.channelOccupied, .channelVacated])
    }
}
