import AWSBackend
import CurlHTTP
import Logging
import ServerCore
import TestSupport
import Testing

@testable import Webhooks

@Suite("Webhooks that invoke functions", .timeLimit(.minutes(1)))
struct WebhookLambdaTests {
    private func app() -> App {
        var app = App(id: "1", key: "k", secret: "s")
        app.webhooks = [
            Webhook(lambda: LambdaFunction(name: "fn", region: "eu-central-1"), eventTypes: [.channelOccupied])
        ]
        return app
    }

    private func functions(_ server: HTTPTestServer) throws -> LambdaFunctions {
        var configuration = AWSConfiguration()
        configuration.endpointURL = server.url("")
        configuration.accessKeyID = "A"
        configuration.secretAccessKey = "S"
        configuration.maxAttempts = 1
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return AWSBackend(transport: try CurlHTTPClient(), environment: AWSEnvironment(variables: [:], logger: logger))
            .functions(configuration)
    }

    @Test("the function gets the body that a request would have")
    func delivered() async throws {
        try await HTTPTestServer.with(responder: { _ in .respond(status: 202) }) { server in
            let bench = try WebhookBench(apps: [app()], lambda: functions(server))
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                let request = try #require(await server.requests.wait(for: 1).first)
                #expect(request.target == "/2015-03-31/functions/fn/invocations")
                #expect(
                    request.text
                        == #"{"time_ms":1754000000123,"events":[{"name":"channel_occupied","channel":"news"}]}"#
                )
                #expect(await bench.queue.calls.wait(for: 1) == [.acknowledged])
            }
        }
    }

    @Test("an invocation that is refused is tried again")
    func refused() async throws {
        let replies = Recorder<Void>()
        let responder: HTTPTestServer.Responder = { _ in
            replies.record(())
            return .respond(status: replies.elements.count == 1 ? 500 : 202)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let bench = try WebhookBench(apps: [app()], lambda: functions(server))
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                await bench.queue.calls.wait(for: 1)
                bench.clock.advance(by: .seconds(60))
                await server.requests.wait(for: 2)
                #expect(await bench.queue.calls.wait(for: 2).last == .acknowledged)
            }
        }
    }
}
