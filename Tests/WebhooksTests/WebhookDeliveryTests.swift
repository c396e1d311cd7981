import CurlHTTP
import Digest
import MemoryBackend
import ServerCore
import TestSupport
import Testing

@testable import Webhooks

@Suite("Webhook delivery", .timeLimit(.minutes(1)))
struct WebhookDeliveryTests {
    @Test("an event arrives as a signed request with exactly the documented fields")
    func signedRequest() async throws {
        try await HTTPTestServer.with { server in
            var app = WebhookBench.app("1", server.url("/hook?token=1"))
            app.webhooks[0].headers = [
                .init(name: "X-Env", value: "prod"), .init(name: "x-pusher-signature", value: "forged"),
                .init(name: "CONTENT-TYPE", value: "text/plain"), .init(name: "X-Pusher-Key", value: "forged"),
                .init(name: "Transfer-Encoding", value: "chunked"),
            ]
            let bench = try WebhookBench(apps: [app])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                let request = try #require(await server.requests.wait(for: 1).first)
                #expect(request.method == "POST")
                #expect(request.target == "/hook?token=1")
                #expect(
                    request.text
                        == #"{"time_ms":1754000000123,"events":[{"name":"channel_occupied","channel":"news"}]}"#
                )
                let signature = HMACKey(secret: "secret-1").sign(request.body).hex
                let names = request.headers.map { "\($0.name): \($0.value)" }
                let expected = [
                    "Content-Type: application/json", "X-Pusher-Key: key-1", "X-Pusher-Signature: \(signature)",
                    "X-Env: prod",
                ]
                #expect(names.filter { !$0.hasPrefix("Host:") && !$0.hasPrefix("Content-Length:") } == expected)
                #expect(await bench.queue.calls.wait(for: 1) == [.acknowledged])
            }
            #expect(bench.metrics.total("webhook_deliveries_total", "app_id=1", "outcome=delivered") == 1)
            #expect(bench.metrics.total("webhook_events_total", "app_id=1") == 1)
            #expect(bench.metrics.total("queue_claimed_total") == 1)
            #expect(bench.metrics.total("queue_settled_total", "outcome=acknowledged") == 1)
        }
    }

    @Test("a signature agrees with an independently computed one")
    func knownSignature() {
        let body = #"{"hello":"world"}"#
        #expect(
            HMACKey(secret: "secret").sign(Array(body.utf8)).hex
                == "2677ad3e7c090b2fa2c0fb13020d66d5420879b8316eb356a2d60fb9073bc778"
        )
    }

    @Test("a failed delivery is tried again with growing pauses until it succeeds", arguments: [429, 500, 302, 404])
    func retries(status: Int) async throws {
        let replies = Recorder<Int>()
        let responder: HTTPTestServer.Responder = { _ in
            replies.record(0)
            return .respond(status: replies.elements.count < 4 ? status : 204)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                for (index, pause) in [Duration.milliseconds(500), .seconds(1), .seconds(2)].enumerated() {
                    await server.requests.wait(for: index + 1)
                    #expect(await bench.queue.calls.wait(for: index + 1).last == .retried(after: pause))
                    bench.clock.advance(by: pause)
                }
                #expect(await bench.queue.calls.wait(for: 4).last == .acknowledged)
                let bodies = server.requests.elements.map(\.text)
                #expect(Set(bodies).count == 1)
            }
            #expect(bench.metrics.total("webhook_retries_total", "app_id=1") == 3)
            #expect(bench.metrics.total("webhook_deliveries_total", "outcome=refused") == 3)
            #expect(bench.metrics.total("webhook_deliveries_total", "outcome=delivered") == 1)
        }
    }

    @Test("an endpoint that fails for five minutes makes a dead letter")
    func deadLetter() async throws {
        try await HTTPTestServer.with(responder: { _ in .respond(status: 500) }) { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                var index = 0
                loop: while !Task.isCancelled {
                    index += 1
                    switch await bench.queue.calls.wait(for: index)[index - 1] {
                    case .retried(let pause): bench.clock.advance(by: pause)
                    case .deadLettered(let reason):
                        #expect(reason == "HTTP status 500")
                        break loop
                    case .acknowledged:
                        Issue.record("nothing was delivered")
                        break loop
                    }
                }
                #expect(bench.clock.now.offset == .seconds(300))
                #expect(bench.queue.queue.deadLetters.map(\.reason) == ["HTTP status 500"])
                #expect(bench.queue.queue.deadLetters.first?.attempts == server.requests.elements.count)
            }
            #expect(bench.metrics.total("webhook_dead_letters_total", "app_id=1") == 1)
        }
    }

    @Test("an endpoint that takes the events and says a lot has taken them")
    func largeAnswer() async throws {
        let reply = HTTPTestServer.Reply.respond(status: 200, body: [UInt8](repeating: 1, count: 1 << 20))
        try await HTTPTestServer.with(responder: { _ in reply }) { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                #expect(await bench.queue.calls.wait(for: 1) == [.acknowledged])
            }
        }
    }

    @Test("no answer and no listener are failures that are tried again", arguments: [true, false])
    func noAnswer(isListening: Bool) async throws {
        let server = try await HTTPTestServer.start(responder: { _ in .hang })
        var app = WebhookBench.app("1", server.url())
        app.webhooks[0].requestTimeout = .milliseconds(50)
        if !isListening { try await server.stop() }
        let bench = try WebhookBench(apps: [app])
        try await bench.run {
            bench.buffer.emit(.occupied("news"))
            #expect(await bench.queue.calls.wait(for: 1) == [.retried(after: .milliseconds(500))])
        }
        #expect(bench.metrics.total("webhook_deliveries_total", "outcome=failed") == 1)
        if isListening { try await server.stop() }
    }

    @Test("a webhook's own retry settings win")
    func override() async throws {
        try await HTTPTestServer.with(responder: { _ in .respond(status: 500) }) { server in
            var app = WebhookBench.app("1", server.url("/twice"), server.url("/never"))
            app.webhooks[0].retry.maxAttempts = 2
            app.webhooks[1].retry.isEnabled = false
            let bench = try WebhookBench(apps: [app])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                await bench.queue.calls.wait(for: 2)
                bench.clock.advance(by: .milliseconds(500))
                await bench.queue.calls.wait(for: 3)
            }
            #expect(server.requests.elements.map(\.target).sorted() == ["/never", "/twice", "/twice"])
            #expect(bench.metrics.total("webhook_dead_letters_total") == 2)
        }
    }

    @Test("a job whose app or webhook is gone becomes a dead letter", arguments: [true, false])
    func gone(isAppGone: Bool) async throws {
        let bench = try WebhookBench(apps: [WebhookBench.app("1", "http://127.0.0.1:1/")])
        let job = WebhookJob(
            destination: WebhookDestination(appID: "1", url: "http://127.0.0.1:1/", occurrence: isAppGone ? 0 : 1),
            timeMilliseconds: WebhookBench.startMilliseconds,
            events: [WebhookEvent.occupied("news").json]
        )
        if isAppGone { bench.apps.remove("1") }
        try await bench.run {
            try await bench.queue.enqueue([job.encoded, Array("not a job".utf8)])
            await bench.queue.calls.wait(for: 2)
            let reasons = Set(bench.queue.queue.deadLetters.map(\.reason))
            #expect(
                reasons == [
                    "the \(isAppGone ? "app" : "webhook") does not exist any more", "the job cannot be decoded",
                ]
            )
        }
    }

    @Test("a retry signs with the secret of that moment")
    func rotatedSecret() async throws {
        try await HTTPTestServer.with(responder: { _ in .respond(status: 500) }) { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            try await bench.run {
                bench.buffer.emit(.occupied("news"))
                await bench.queue.calls.wait(for: 1)
                bench.apps.change("1") { $0.secret = "rotated" }
                bench.clock.advance(by: .seconds(1))
                let request = await server.requests.wait(for: 2)[1]
                let signature = HMACKey(secret: "rotated").sign(request.body).hex
                #expect(request.values(of: "X-Pusher-Signature") == [signature])
            }
        }
    }

    @Test("a dead endpoint holds up neither another app nor another webhook of its own app")
    func deadEndpoint() async throws {
        try await HTTPTestServer.with(responder: { _ in .hang }) { dead in
            try await HTTPTestServer.with { healthy in
                var app = WebhookBench.app("1", dead.url(), healthy.url("/1"))
                app.webhooks[0].requestTimeout = .seconds(30)
                app.webhooks[1].filter.channelPrefix = "both-"
                let bench = try WebhookBench(apps: [app, WebhookBench.app("2", healthy.url("/2"))])
                try await bench.run {
                    // More than what may wait for one endpoint here.
                    for index in 0..<1_000 { bench.buffer.emit(.occupied("dead-\(index)")) }
                    await dead.requests.wait(for: 1)
                    for index in 0..<50 {
                        bench.buffer.emit(.occupied("both-\(index)"))
                        bench.buffer.emit(.occupied("alive-\(index)", app: "2"))
                    }
                    let requests = await healthy.requests.wait(for: 100)
                    #expect(requests.filter { $0.target == "/1" }.count == 50)
                    #expect(requests.filter { $0.target == "/2" }.count == 50)
                    // The first request to the dead endpoint is still waiting for its answer.
                    #expect(!bench.queue.calls.elements.contains(.retried(after: .milliseconds(500))))
                }
            }
        }
    }

    @Test("the events of an app arrive in the order in which they happened")
    func order() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            try await bench.run {
                for index in 0..<60 { bench.buffer.emit(.occupied("\(index)")) }
                let requests = await server.requests.wait(for: 60)
                let expected = (0..<60).map {
                    #"{"time_ms":1754000000123,"events":[{"name":"channel_occupied","channel":"\#($0)"}]}"#
                }
                #expect(requests.map(\.text) == expected)
                #expect(server.accepted.elements.count == 1)
            }
        }
    }
}
